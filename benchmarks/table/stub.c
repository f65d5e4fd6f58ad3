/* A libllama.so that computes nothing: decoding takes a fixed time or none, sampling returns one token after another.
 *
 * Whatever is not defined here is the real library's: this one is linked with it, and dlsym() searches dependencies.
 * What each token costs the engine around it is noted in a file that both sides map (stamps.py reads it).
 * Throw-away processes (`--child`) prove kernels or open unknown files: they get the real functions.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* `struct llama_batch` of llama.h, which is passed by value. */
struct batch {
    int32_t n_tokens;
    void *token, *embd, *pos, *n_seq_id, *seq_id, *logits;
};

struct stamp {
    int64_t monotonic_ns;
    int64_t cpu_ns; /* of the whole process; 0 where it was not looked at */
};

struct stamps {
    int64_t count;
    int64_t unused;
    struct stamp each[];
};

/* Ordinary words and parts of words in Llama 2's vocabulary; a long reply repeats about as many different ones. */
enum { FIRST_TOKEN = 1000, DIFFERENT_TOKENS = 1000 };
/* Reading the processor's time is a system call, about a tenth of a microsecond for each token if done this rarely. */
enum { CPU_TIME_EVERY = 4 };

static struct stamps *stamps;
static int64_t room;
static int64_t sleep_ns;
static int is_child;

static int64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int is_throw_away_process(void) {
    char line[4096];
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, line, sizeof line);
    close(fd);
    return length > 0 && memmem(line, (size_t)length, "\0--child", 9) != NULL;
}

__attribute__((constructor)) static void start(void) {
    is_child = is_throw_away_process();
    const char *microseconds = getenv("STUB_DECODE_MICROSECONDS");
    const char *path = getenv("STUB_STAMPS");
    sleep_ns = microseconds ? atoll(microseconds) * 1000 : 0;
    int fd = path && !is_child ? open(path, O_RDWR | O_CLOEXEC) : -1;
    struct stat facts;
    if (fd < 0 || fstat(fd, &facts) != 0) return;
    void *memory = mmap(NULL, (size_t)facts.st_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    close(fd);
    if (memory == MAP_FAILED) return;
    stamps = memory;
    room = ((int64_t)facts.st_size - (int64_t)sizeof *stamps) / (int64_t)sizeof(struct stamp);
}

int32_t llama_decode(void *context, struct batch batch) {
    if (is_child) {
        int32_t (*real)(void *, struct batch) = (int32_t (*)(void *, struct batch))dlsym(RTLD_NEXT, "llama_decode");
        return real(context, batch);
    }
    if (sleep_ns) {
        struct timespec time = {.tv_sec = sleep_ns / 1000000000, .tv_nsec = sleep_ns % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
    }
    return 0;
}

int32_t llama_sampler_sample(void *sampler, void *context, int32_t index) {
    if (is_child) {
        int32_t (*real)(void *, void *, int32_t) =
            (int32_t (*)(void *, void *, int32_t))dlsym(RTLD_NEXT, "llama_sampler_sample");
        return real(sampler, context, index);
    }
    static int64_t sampled;
    int64_t at = sampled++;
    if (stamps && at < room) {
        stamps->each[at].cpu_ns = at % CPU_TIME_EVERY ? 0 : now(CLOCK_PROCESS_CPUTIME_ID);
        stamps->each[at].monotonic_ns = now(CLOCK_MONOTONIC);
        __atomic_store_n(&stamps->count, at + 1, __ATOMIC_RELEASE);
    }
    return FIRST_TOKEN + (int32_t)(at % DIFFERENT_TOKENS);
}
