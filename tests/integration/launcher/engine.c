/* Stands in the payload where the engine's program is: says what the launcher made of it, then waits for its stdin. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **arguments) {
    char program[4096] = {0};
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0) return 1;
    printf("pid %d\nprogram %s\n", (int)getpid(), program);
    for (int i = 1; i < count; i++) printf("argument %s\n", arguments[i]);
    fflush(stdout);
    if (count > 1 && strcmp(arguments[1], "--stay") == 0)
        for (;;) pause();
    return count > 1 && strcmp(arguments[1], "--fail") == 0 ? 70 : 0;
}
