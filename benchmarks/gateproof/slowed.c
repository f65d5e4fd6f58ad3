/* A libllama.so whose every decode takes longer than the real one's by SLOWED_BY_PERCENT of what that took.
 *
 * Whatever is not defined here is the real library's: this one is linked with it, and dlsym() searches dependencies.
 * The additional time is computed away, not slept: so does a wasteful loop around the library.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

/* `struct llama_batch` of llama.h, which is passed by value. */
struct batch {
    int32_t n_tokens;
    void *token, *embd, *pos, *n_seq_id, *seq_id, *logits;
};

typedef int32_t decode_function(void *, struct batch);

static decode_function *real_decode;
static int64_t percent;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

__attribute__((constructor)) static void start(void) {
    real_decode = (decode_function *)dlsym(RTLD_NEXT, "llama_decode");
    const char *text = getenv("SLOWED_BY_PERCENT");
    percent = text ? atoll(text) : 0;
}

int32_t llama_decode(void *context, struct batch batch) {
    int64_t started = now();
    int32_t result = real_decode(context, batch);
    int64_t ended = now();
    int64_t until = ended + (ended - started) * percent / 100;
    while (now() < until) {}
    return result;
}
