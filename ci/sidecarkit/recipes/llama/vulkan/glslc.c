/* A glslc that knows just the options ggml's shader generator gives: GLSL to SPIR-V by the pinned libshaderc.
 *
 * The library is packed for Java programs and comes without headers, so what is needed of its stable C interface
 * (libshaderc/include/shaderc/shaderc.h) is declared here. SHADERC_LIBRARY is the path it is loaded from.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAILED = 1, COMPUTE_SHADER = 2, OPTIMIZE_FOR_SPEED = 2, TARGET_VULKAN = 0 };

typedef struct {
    const char *source_name;
    size_t source_name_length;
    const char *content;
    size_t content_length;
    void *user_data;
} Included;

typedef Included *(*Include)(void *user_data, const char *name, int type, const char *from, size_t depth);
typedef void (*Release)(void *user_data, Included *included);

static struct {
    void *(*compiler_initialize)(void);
    void *(*compile_options_initialize)(void);
    void (*compile_options_add_macro_definition)(void *, const char *, size_t, const char *, size_t);
    void (*compile_options_set_optimization_level)(void *, int);
    void (*compile_options_set_target_env)(void *, int, unsigned);
    void (*compile_options_set_include_callbacks)(void *, Include, Release, void *);
    void *(*compile_into_spv)(void *, const char *, size_t, int, const char *, const char *, void *);
    int (*result_get_compilation_status)(void *);
    const char *(*result_get_error_message)(void *);
    const char *(*result_get_bytes)(void *);
    size_t (*result_get_length)(void *);
} shaderc;

static void stop(const char *what, const char *which) {
    fprintf(stderr, "glslc: %s%s\n", what, which);
    exit(FAILED);
}

static void load_library(void) {
    void *library = dlopen(SHADERC_LIBRARY, RTLD_NOW);
    if (!library) stop("", dlerror());
#define FIND(name) \
    if (!(*(void **)&shaderc.name = dlsym(library, "shaderc_" #name))) stop("libshaderc has no shaderc_", #name)
    FIND(compiler_initialize);
    FIND(compile_options_initialize);
    FIND(compile_options_add_macro_definition);
    FIND(compile_options_set_optimization_level);
    FIND(compile_options_set_target_env);
    FIND(compile_options_set_include_callbacks);
    FIND(compile_into_spv);
    FIND(result_get_compilation_status);
    FIND(result_get_error_message);
    FIND(result_get_bytes);
    FIND(result_get_length);
#undef FIND
}

static char *contents(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *text = malloc((size_t)size + 1);
    *length = fread(text, 1, (size_t)size, file);
    fclose(file);
    return text;
}

/* ggml's shaders include each other by names relative to the file that includes. */
static Included *include(void *unused, const char *name, int type, const char *from, size_t depth) {
    (void)unused, (void)type, (void)depth;
    const char *slash = strrchr(from, '/');
    size_t folder = slash ? (size_t)(slash - from) + 1 : 0;
    char *path = calloc(folder + strlen(name) + 1, 1);
    memcpy(path, from, folder);
    strcat(path, name);
    Included *found = calloc(1, sizeof *found);
    found->content = contents(path, &found->content_length);
    if (found->content) {
        found->source_name = path;
        found->source_name_length = strlen(path);
    } else { /* no name means an error, and the content is its message */
        found->source_name = "";
        found->content = "no such file beside the one that includes it";
        found->content_length = strlen(found->content);
    }
    return found;
}

/* The process ends after one shader: nothing is worth freeing. */
static void release(void *unused, Included *included) { (void)unused, (void)included; }

static void define(void *options, const char *definition) {
    const char *value = strchr(definition, '=');
    size_t length = value ? (size_t)(value - definition) : strlen(definition);
    const char *text = value ? value + 1 : "";
    shaderc.compile_options_add_macro_definition(options, definition, length, text, strlen(text));
}

static void target(void *options, const char *version) {
    unsigned minor = (unsigned)atoi(version);
    shaderc.compile_options_set_target_env(options, TARGET_VULKAN, 1u << 22 | minor << 12);
}

/* They are for building a second time, and every build is the first one in its folder; but CMake wants the file. */
static void write_no_dependencies(const char *path) {
    FILE *file = fopen(path, "w");
    if (!file || fclose(file)) stop("cannot write ", path);
}

int main(int count, char **words) {
    static const char target_env[] = "--target-env=vulkan1.";
    const char *input = NULL, *output = NULL;
    load_library();
    void *options = shaderc.compile_options_initialize();
    for (int i = 1; i < count; i++) {
        const char *word = words[i];
        if (!strcmp(word, "-o") && i + 1 < count) output = words[++i];
        else if (!strcmp(word, "-MF") && i + 1 < count) write_no_dependencies(words[++i]);
        else if (!strcmp(word, "-MD")) continue;
        else if (!strcmp(word, "-O")) shaderc.compile_options_set_optimization_level(options, OPTIMIZE_FOR_SPEED);
        else if (!strcmp(word, "-fshader-stage=compute")) continue;
        else if (!strncmp(word, target_env, strlen(target_env))) target(options, word + strlen(target_env));
        else if (!strncmp(word, "-D", 2)) define(options, word + 2);
        else if (word[0] == '-') stop("unknown option ", word);
        else input = word;
    }
    if (!input || !output) stop("what is missing is ", input ? "-o OUTPUT" : "the shader's file");

    size_t length;
    const char *source = contents(input, &length);
    if (!source) stop("cannot read ", input);
    shaderc.compile_options_set_include_callbacks(options, include, release, NULL);
    void *compiler = shaderc.compiler_initialize();
    void *result = shaderc.compile_into_spv(compiler, source, length, COMPUTE_SHADER, input, "main", options);
    fputs(shaderc.result_get_error_message(result), stderr);
    if (shaderc.result_get_compilation_status(result)) return FAILED;

    FILE *file = strcmp(output, "-") ? fopen(output, "wb") : stdout;
    size_t bytes = shaderc.result_get_length(result);
    if (!file || fwrite(shaderc.result_get_bytes(result), 1, bytes, file) != bytes || fflush(file))
        stop("cannot write ", output);
    return 0;
}
