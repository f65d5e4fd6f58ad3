/* The floor of a transport: sleeps, looks at the clock and writes what it saw, with no engine in between.
 * Arguments: how many times, and the microseconds of each sleep. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **words) {
    if (count != 3) return 64;
    long times = atol(words[1]), microseconds = atol(words[2]);
    struct timespec pause = {.tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000}, now;
    for (long i = 0; i < times; i++) {
        char line[64];
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
        int length = snprintf(line, sizeof line, "%lld%09ld\n", (long long)now.tv_sec, now.tv_nsec);
        if (write(STDOUT_FILENO, line, (size_t)length) != length) return 1;
    }
    return 0;
}
