// Stands where cuBLAS would be linked, and loads it at its first use. Loading costs 0.15 to 0.4 s and 155 MB of memory,
// in the engine and in every child that proves a device, and most models never use it.
//
// Each function but two jumps to cuBLAS's own through a slot. All of them take a handle, and nobody has one before
// cublasCreate, which fills the slots; so it needs to know no arguments, and no call is slower by more than a jump.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define REAL "libcublas.so.13"
#define NOT_INITIALIZED 1  // CUBLAS_STATUS_NOT_INITIALIZED

// What ggml calls; the link of the plug-in fails when one is missing here.
#define FUNCTIONS(X)                                                                                              \
    X(cublasDestroy_v2) X(cublasGemmBatchedEx) X(cublasGemmEx) X(cublasGemmStridedBatchedEx) X(cublasSetMathMode) \
    X(cublasSetStream_v2) X(cublasSetWorkspace_v2) X(cublasSgemmBatched) X(cublasSgemmStridedBatched)             \
    X(cublasSgemm_v2) X(cublasStrsmBatched)

#define JUMP(name)                                                                       \
    __attribute__((visibility("hidden"))) void *slot_##name;                             \
    __asm__(".globl " #name "\n.type " #name ", @function\n" #name ":\n"                 \
            "  jmp *slot_" #name "(%rip)\n.size " #name ", . - " #name "\n");
__asm__(".text");
FUNCTIONS(JUMP)

static int (*create)(void **);
static const char *(*describe)(int);
static char why[512] = REAL " was not asked for yet";
static pthread_once_t once = PTHREAD_ONCE_INIT;

// Beside this library, where it ships; else as the system finds it.
static void *open_real(void) {
    Dl_info here;
    char path[4096];
    const char *end = dladdr((void *)open_real, &here) ? strrchr(here.dli_fname, '/') : NULL;
    if (end) {
        int length = snprintf(path, sizeof path, "%.*s/" REAL, (int)(end - here.dli_fname), here.dli_fname);
        void *library = length < (int)sizeof path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
        if (library)
            return library;
    }
    return dlopen(REAL, RTLD_NOW | RTLD_LOCAL);
}

static void *function(void *library, const char *name) {
    void *found = dlsym(library, name);
    if (!found)
        snprintf(why, sizeof why, "%s", dlerror());
    return found;
}

static void load(void) {
    void *library = open_real();
    if (!library) {
        snprintf(why, sizeof why, "cuBLAS, which this model needs, cannot be loaded: %s", dlerror());
        return;
    }
    int complete = 1;
#define FILL(name) complete &= (slot_##name = function(library, #name)) != NULL;
    FUNCTIONS(FILL)
    describe = (const char *(*)(int))function(library, "cublasGetStatusString");
    void *found = function(library, "cublasCreate_v2");
    if (complete && describe && found)
        create = (int (*)(void **))found;
}

int cublasCreate_v2(void **handle) {
    pthread_once(&once, load);
    return create ? create(handle) : NOT_INITIALIZED;
}

const char *cublasGetStatusString(int status) {
    return create && describe ? describe(status) : why;
}
