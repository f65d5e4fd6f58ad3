// A Vulkan driver that misbehaves as the macro FAULT tells. Where it must be able to compute, it is Mesa's lavapipe
// (REAL_DRIVER) under another name, which calls itself a GPU and has 310 MiB of memory.

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CRASH_AT_LOADING 1
#define CRASH_AT_CREATION 2
#define HANG_AT_CREATION 3
#define ERROR_AT_CREATION 4
#define COMPUTE_NOTHING 5
#define LOSE_DEVICE 6
#define HANG_AT_WORK 7
#define COMPUTE_RIGHTLY 8

#define INITIALIZATION_FAILED (-3)
#define DEVICE_LOST (-4)
#define DISCRETE_GPU 2
#define ID_PROPERTIES 1000071004
#define MEMORY_BYTES (310ull << 20)

typedef void (*function)(void);
typedef function (*get_address)(void *, const char *);

static get_address real_instance_address;
static get_address real_device_address;
static void (*real_properties)(void *, void *);
static void (*real_properties2)(void *, void *);
static void (*real_memory)(void *, void *);
static void (*real_memory2)(void *, void *);

static void hang(void) {
    for (;;) pause();
}

// VkPhysicalDeviceProperties: four numbers, the kind of device, and its name.
static void disguise(char *properties) {
    const int32_t kind = DISCRETE_GPU;
    memcpy(properties + 16, &kind, sizeof kind);
    strcpy(properties + 20, "Imitated GPU");
}

static void properties(void *device, char *properties) {
    real_properties(device, properties);
    disguise(properties);
}

static void properties2(void *device, char *properties) {
    real_properties2(device, properties);
    disguise(properties + 16);  // behind sType and pNext
    for (char *next = *(char **)(properties + 8); next; next = *(char **)(next + 8)) {
        if (*(uint32_t *)next == ID_PROPERTIES) next[16] ^= 0x55;  // deviceUUID: lavapipe itself may be there, too
    }
}

// VkPhysicalDeviceMemoryProperties: the heaps' number and sizes stand behind 32 types.
static void shrink(char *memory) {
    const uint64_t size = MEMORY_BYTES;
    for (uint32_t heap = 0; heap < *(uint32_t *)(memory + 260); ++heap) memcpy(memory + 264 + 16 * heap, &size, 8);
}

static void memory(void *device, char *memory) {
    real_memory(device, memory);
    shrink(memory);
}

static void memory2(void *device, char *memory) {
    real_memory2(device, memory);
    shrink(memory + 16);
}

static void dispatch_nothing(void *buffer, uint32_t x, uint32_t y, uint32_t z) {}

static int submit(void *queue, uint32_t count, const void *submits, void *fence) {
#if FAULT == HANG_AT_WORK
    hang();
#endif
    return DEVICE_LOST;
}

static function replaced(const char *name) {
#if FAULT == COMPUTE_NOTHING
    if (strcmp(name, "vkCmdDispatch") == 0) return (function)dispatch_nothing;
#elif FAULT == LOSE_DEVICE || FAULT == HANG_AT_WORK
    if (strcmp(name, "vkQueueSubmit") == 0) return (function)submit;
#endif
    return NULL;
}

static function device_address(void *device, const char *name) {
    const function ours = replaced(name);
    return ours ? ours : real_device_address(device, name);
}

#if FAULT <= ERROR_AT_CREATION
static int create_instance(const void *info, const void *allocator, void **instance) {
#if FAULT == CRASH_AT_CREATION
    abort();
#elif FAULT == HANG_AT_CREATION
    hang();
#endif
    return INITIALIZATION_FAILED;
}

static int no_extensions(const char *layer, uint32_t *count, void *extensions) {
    *count = 0;
    return 0;
}
#endif

static function instance_address(void *instance, const char *name) {
#if FAULT <= ERROR_AT_CREATION
    if (strcmp(name, "vkCreateInstance") == 0) return (function)create_instance;
    if (strcmp(name, "vkEnumerateInstanceExtensionProperties") == 0) return (function)no_extensions;
    return NULL;
#else
    const function real = real_instance_address(instance, name);
    if (!real) return NULL;
    if (strcmp(name, "vkGetPhysicalDeviceProperties") == 0) {
        real_properties = (void (*)(void *, void *))real;
        return (function)properties;
    }
    if (strncmp(name, "vkGetPhysicalDeviceProperties2", 30) == 0) {
        real_properties2 = (void (*)(void *, void *))real;
        return (function)properties2;
    }
    if (strcmp(name, "vkGetPhysicalDeviceMemoryProperties") == 0) {
        real_memory = (void (*)(void *, void *))real;
        return (function)memory;
    }
    if (strncmp(name, "vkGetPhysicalDeviceMemoryProperties2", 36) == 0) {
        real_memory2 = (void (*)(void *, void *))real;
        return (function)memory2;
    }
    if (strcmp(name, "vkGetDeviceProcAddr") == 0) {
        real_device_address = (get_address)real;
        return (function)device_address;
    }
    return replaced(name) ? replaced(name) : real;
#endif
}

int vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version) {
#if FAULT == CRASH_AT_LOADING
    abort();
#elif FAULT > ERROR_AT_CREATION
    void *real = dlopen(REAL_DRIVER, RTLD_NOW | RTLD_LOCAL);
    if (!real) return INITIALIZATION_FAILED;
    real_instance_address = (get_address)dlsym(real, "vk_icdGetInstanceProcAddr");
    int (*negotiate)(uint32_t *) = (int (*)(uint32_t *))dlsym(real, "vk_icdNegotiateLoaderICDInterfaceVersion");
    // Up to version 3 the loader asks for everything by vk_icdGetInstanceProcAddr.
    if (*version > 3) *version = 3;
    return negotiate ? negotiate(version) : 0;
#else
    if (*version > 3) *version = 3;
    return 0;
#endif
}

function vk_icdGetInstanceProcAddr(void *instance, const char *name) {
    return instance_address(instance, name);
}
