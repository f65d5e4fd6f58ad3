/* The engine as one file: its payload is the engine's folder, unpacked once, then this process becomes the program in it.
 *
 * Later starts compare name, size and time of each file with the payload's table and read no file: a few system calls.
 * All files of one unpacking carry the same modification time, so one that was cut, replaced or edited is noticed.
 *
 * Payload (little-endian, made by ci/sidecarkit/single_file.py): per file `u32 name length, u32 is program, u64 size`,
 * the name, the bytes; a name of length 0 ends it. PAYLOAD_FILE and PAYLOAD_HASH come from the compiler's command line.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EXIT_LIBRARIES 69
#define NAME_LIMIT 256

/* .incbin and not #embed: the compiler would hold the whole payload several times in memory. */
__asm__(".section .rodata,\"a\"\n"
        ".globl payload\n"
        "payload: .incbin \"" PAYLOAD_FILE "\"\n"
        ".byte 0\n"
        ".previous\n");
extern const unsigned char payload[];

struct entry {
    char name[NAME_LIMIT];
    int is_program;
    uint64_t size;
    const unsigned char *bytes;
};

/* One line in the form of the engine's own log, and the exit code for "libraries missing". */
[[noreturn]] static void fail(const char *hint, const char *format, ...) {
    char text[PATH_MAX + 256], moment[32];
    int error = errno;
    time_t now = time(NULL);
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    strftime(moment, sizeof moment, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    fprintf(stderr, "ERROR %s %s: %s; hint: %s\n", moment, text, strerror(error), hint);
    exit(EXIT_LIBRARIES);
}

static const char ROOM_HINT[] = "set XDG_CACHE_HOME to a folder you can write to, with room for the engine, or use the .dist folder";

/* Reads the entry at `*at` and moves on; 0 at the end of the table. */
static int next_entry(const unsigned char **at, struct entry *entry) {
    uint32_t length, is_program;
    memcpy(&length, *at, sizeof length);
    if (length == 0 || length >= NAME_LIMIT) return 0;
    memcpy(&is_program, *at + 4, sizeof is_program);
    memcpy(&entry->size, *at + 8, sizeof entry->size);
    memcpy(entry->name, *at + 16, length);
    entry->name[length] = 0;
    entry->is_program = is_program != 0;
    entry->bytes = *at + 16 + length;
    *at = entry->bytes + entry->size;
    return 1;
}

/* <user cache>/localai-sidecar, as the engine itself names it. */
static void cache_folder(char *path) {
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME"), *below = "";
    if (!base || base[0] != '/') {
        struct passwd *user = home && home[0] == '/' ? NULL : getpwuid(geteuid());
        base = user ? user->pw_dir : home;
        below = "/.cache";
    }
    errno = ENOENT;
    if (!base) fail(ROOM_HINT, "this user has no home folder");
    errno = ENAMETOOLONG;
    if (snprintf(path, PATH_MAX, "%s%s/" PROGRAM, base, below) >= PATH_MAX - 128) fail(ROOM_HINT, "%s", base);
}

static void make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST) fail(ROOM_HINT, "the folder %s cannot be made", path);
}

/* Code is run from here: nobody else may be able to put a file into it. */
static int open_own_folder(const char *path) {
    struct stat facts;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0 || fstat(folder, &facts) != 0) fail(ROOM_HINT, "the folder %s cannot be opened", path);
    if (facts.st_uid != geteuid() || (facts.st_mode & (S_IWGRP | S_IWOTH))) {
        errno = EPERM;
        fail("remove it, or set XDG_CACHE_HOME to a folder of your own", "the folder %s is open to other users", path);
    }
    return folder;
}

/* Whether the folder holds every file of the payload as it was unpacked. */
static int is_complete(int folder) {
    const unsigned char *at = payload;
    struct entry entry;
    struct stat facts;
    time_t unpacked = 0;
    while (next_entry(&at, &entry)) {
        if (fstatat(folder, entry.name, &facts, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(facts.st_mode)) return 0;
        if (!unpacked) unpacked = facts.st_mtim.tv_sec;
        if ((uint64_t)facts.st_size != entry.size || facts.st_uid != geteuid()) return 0;
        if (facts.st_mtim.tv_sec != unpacked || facts.st_mtim.tv_nsec != 0) return 0;
        if (entry.is_program && !(facts.st_mode & S_IXUSR)) return 0;
    }
    return 1;
}

static void unpack_file(int folder, const struct entry *entry, time_t now) {
    char path[NAME_LIMIT];
    struct timespec times[2] = {{.tv_sec = now}, {.tv_sec = now}};
    strcpy(path, entry->name);
    for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdirat(folder, path, 0700);
        *slash = '/';
    }
    mode_t mode = entry->is_program ? 0700 : 0600;
    int file = openat(folder, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0) fail(ROOM_HINT, "%s cannot be unpacked", path);
    for (uint64_t done = 0; done < entry->size;) {
        ssize_t count = write(file, entry->bytes + done, entry->size - done);
        if (count < 0 && errno != EINTR) fail(ROOM_HINT, "%s cannot be unpacked", path);
        if (count > 0) done += (uint64_t)count;
    }
    if (fchmod(file, mode) != 0 || futimens(file, times) != 0 || close(file) != 0)
        fail(ROOM_HINT, "%s cannot be unpacked", path);
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *place) {
    (void)facts, (void)kind, (void)place;
    return remove(path);
}

/* Fills `path`, the folder of this payload, unless another start has done it while this one waited for the lock. */
static void unpack(const char *cache, int cache_fd, const char *path) {
    char fresh[PATH_MAX];
    int lock = openat(cache_fd, ".unpacking", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0) fail(ROOM_HINT, "the folder %s cannot be written", cache);
    /* Where a file system knows no locks, the rename at the end still keeps half a folder from being seen. */
    while (flock(lock, LOCK_EX) != 0 && errno == EINTR) continue;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder >= 0 && is_complete(folder)) return;

    snprintf(fresh, sizeof fresh, "%s/.new-" PAYLOAD_HASH, cache);
    nftw(fresh, remove_one, 16, FTW_DEPTH | FTW_PHYS); /* left by a start that was killed */
    if (mkdir(fresh, 0700) != 0) fail(ROOM_HINT, "the folder %s cannot be made", fresh);
    folder = open_own_folder(fresh);
    const unsigned char *at = payload;
    struct entry entry;
    time_t now = time(NULL);
    while (next_entry(&at, &entry)) unpack_file(folder, &entry, now);
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS); /* a damaged one */
    if (rename(fresh, path) != 0) fail(ROOM_HINT, "the folder %s cannot be put in place", path);
    close(lock);
}

int main(int count, char **arguments) {
    char cache[PATH_MAX], path[PATH_MAX], program[PATH_MAX];
    (void)count;
    /* Kept across execv: a driver that is killed during the unpacking leaves nobody behind. */
    pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) return 0;

    cache_folder(cache);
    make_folders(cache);
    int cache_fd = open_own_folder(cache);
    snprintf(path, sizeof path, "%s/" PAYLOAD_HASH, cache);
    snprintf(program, sizeof program, "%s/" PROGRAM, path);
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0 || !is_complete(folder)) unpack(cache, cache_fd, path);

    arguments[0] = program;
    execv(program, arguments);
    fail("the cache folder must allow programs to be run: set XDG_CACHE_HOME to another one", "%s cannot be started", program);
}
