/* Stands in for CUDA 13, cuBLAS and cuDNN where there is no GPU: memory of a device is memory of the host, kernels and
 * matrix products are named in a file and not run, and what is copied back is zero.
 *
 * ONNX Runtime's CUDA execution provider runs on it as on a GPU, but for what it computes: it places nodes, chooses
 * kernels, allocates, copies and waits. `tests/suite/cuda.rs` compiles this file once for each library's name.
 *
 * STAND_IN_LOG     the file that is written to, a line for each call
 * STAND_IN_MEMORY  bytes of the device (default: 8 GB)
 *
 * Types and numbers are those of CUDA's public headers. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUCCESS = 0, INVALID_DEVICE = 101, OUT_OF_MEMORY = 2, DEVICE_TO_HOST = 2 };

static void say(const char *format, ...) {
  static int log = -2;
  if (log == -2) {
    const char *path = getenv("STAND_IN_LOG");
    log = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0644) : -1;
  }
  if (log < 0) return;
  char line[1024];
  va_list values;
  va_start(values, format);
  int length = vsnprintf(line, sizeof line - 1, format, values);
  va_end(values);
  if (length > (int)sizeof line - 2) length = sizeof line - 2;
  line[length++] = '\n';
  /* One call for a line, so that threads do not mix theirs. */
  if (write(log, line, length) < 0) return;
}

/* ---- handles: any number that is not zero ---------------------------------------------------------------------- */

static long next_handle = 0x1000;
static int new_handle(long *handle) {
  *handle = __sync_add_and_fetch(&next_handle, 1);
  return SUCCESS;
}

#define NOTHING(name) \
  int name() { return SUCCESS; }
#define HANDLE(name) \
  int name(long *handle) { return new_handle(handle); }
#define LOGGED(name)          \
  int name() {                \
    say("call %s", #name);    \
    return SUCCESS;           \
  }

/* ---- memory ---------------------------------------------------------------------------------------------------- */

/* Before each allocation lies its size, in as much room as keeps what follows aligned. */
enum { HEADER = 256 };
static pthread_mutex_t memory_lock = PTHREAD_MUTEX_INITIALIZER;
static size_t memory_used;
static __thread int last_error;

static size_t memory_size(void) {
  const char *bytes = getenv("STAND_IN_MEMORY");
  return bytes ? strtoull(bytes, NULL, 10) : (size_t)8 << 30;
}

static int allocate(void **pointer, size_t bytes) {
  pthread_mutex_lock(&memory_lock);
  int fits = memory_used + bytes <= memory_size();
  if (fits) memory_used += bytes;
  pthread_mutex_unlock(&memory_lock);
  char *block = NULL;
  if (!fits || posix_memalign((void **)&block, HEADER, bytes + HEADER) != 0) {
    say("refused %zu", bytes);
    return last_error = OUT_OF_MEMORY;
  }
  memset(block, 0, bytes + HEADER);
  *(size_t *)block = bytes;
  *pointer = block + HEADER;
  say("allocate %zu", bytes);
  return SUCCESS;
}

static int release(char *pointer) {
  if (pointer == NULL) return SUCCESS;
  pthread_mutex_lock(&memory_lock);
  memory_used -= *(size_t *)(pointer - HEADER);
  pthread_mutex_unlock(&memory_lock);
  free(pointer - HEADER);
  return SUCCESS;
}

int cudaMalloc(void **pointer, size_t bytes) { return allocate(pointer, bytes); }
int cudaMallocFromPoolAsync(void **pointer, size_t bytes) { return allocate(pointer, bytes); }
int cudaFree(void *pointer) { return release(pointer); }
int cudaFreeAsync(void *pointer) { return release(pointer); }
int cudaMallocHost(void **pointer, size_t bytes) { return (*pointer = calloc(1, bytes)) ? SUCCESS : OUT_OF_MEMORY; }
int cudaHostAlloc(void **pointer, size_t bytes) { return cudaMallocHost(pointer, bytes); }
int cudaFreeHost(void *pointer) {
  free(pointer);
  return SUCCESS;
}
int cudaMemGetInfo(size_t *available, size_t *size) {
  *size = memory_size();
  *available = *size - memory_used;
  return SUCCESS;
}

static int copy(void *to, const void *from, size_t bytes, int kind) {
  say("copy %d %zu", kind, bytes);
  if (kind == DEVICE_TO_HOST)
    memset(to, 0, bytes);
  else
    memmove(to, from, bytes);
  return SUCCESS;
}
int cudaMemcpy(void *to, const void *from, size_t bytes, int kind) { return copy(to, from, bytes, kind); }
int cudaMemcpyAsync(void *to, const void *from, size_t bytes, int kind) { return copy(to, from, bytes, kind); }
int cudaMemcpyFromSymbol(void *to, const void *symbol, size_t bytes) {
  return copy(to, symbol, bytes, DEVICE_TO_HOST);
}
LOGGED(cudaMemcpy2DAsync)
int cudaMemset(void *to, int value, size_t bytes) {
  memset(to, value, bytes);
  return SUCCESS;
}
int cudaMemsetAsync(void *to, int value, size_t bytes) { return cudaMemset(to, value, bytes); }
int cudaPointerGetAttributes(void *attributes) {
  memset(attributes, 0, 88);
  return SUCCESS;
}
HANDLE(cudaMemPoolCreate)
NOTHING(cudaMemPoolDestroy)
NOTHING(cudaMemPoolSetAttribute)
NOTHING(cudaMemPoolTrimTo)
int cudaMemPoolGetAttribute(long pool, int attribute, size_t *value) {
  *value = 0;
  return SUCCESS;
}

/* ---- the device: one, with what an H200 says of itself ----------------------------------------------------------- */

int cudaGetDeviceCount(int *count) {
  *count = 1;
  return SUCCESS;
}
int cudaGetDevice(int *device) {
  *device = 0;
  return SUCCESS;
}
int cudaSetDevice(int device) { return device == 0 ? SUCCESS : (last_error = INVALID_DEVICE); }
int cudaDriverGetVersion(int *version) {
  *version = 13000;
  return SUCCESS;
}
int cudaRuntimeGetVersion(int *version) {
  *version = 13000;
  return SUCCESS;
}
int cudaGetDeviceProperties(char *properties, int device) {
  if (device != 0) return last_error = INVALID_DEVICE;
  memset(properties, 0, 1008);
  strcpy(properties, "stand-in");
  *(size_t *)(properties + 288) = memory_size(); /* totalGlobalMem */
  *(size_t *)(properties + 296) = 49152;         /* sharedMemPerBlock */
  const int fields[][2] = {
      {304, 65536},      /* regsPerBlock */
      {308, 32},         /* warpSize */
      {320, 1024},       /* maxThreadsPerBlock */
      {324, 1024},       /* maxThreadsDim */
      {328, 1024},
      {332, 64},
      {336, 2147483647}, /* maxGridSize */
      {340, 65535},
      {344, 65535},
      {360, 9},          /* major, minor */
      {384, 132},        /* multiProcessorCount */
      {596, 60 << 20},   /* l2CacheSize */
      {604, 2048},       /* maxThreadsPerMultiProcessor */
      {632, 65536},      /* regsPerMultiprocessor */
  };
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) *(int *)(properties + fields[i][0]) = fields[i][1];
  *(size_t *)(properties + 624) = 233472; /* sharedMemPerMultiprocessor */
  *(size_t *)(properties + 672) = 232448; /* sharedMemPerBlockOptin */
  return SUCCESS;
}
int cudaDeviceGetAttribute(int *value, int attribute) {
  const int attributes[][2] = {{1, 1024}, {5, 2147483647}, {8, 49152},  {10, 32}, {12, 65536}, {16, 132},
                               {38, 60 << 20}, {39, 2048},  {75, 9}, {76, 0},   {81, 233472}, {97, 232448}};
  *value = 1;
  for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
    if (attributes[i][0] == attribute) *value = attributes[i][1];
  return SUCCESS;
}
int cudaGetLastError(void) {
  int error = last_error;
  last_error = SUCCESS;
  return error;
}
int cudaPeekAtLastError(void) { return last_error; }
const char *cudaGetErrorString(int error) {
  return error == OUT_OF_MEMORY ? "out of memory" : error == INVALID_DEVICE ? "invalid device ordinal" : "no error";
}
const char *cudaGetErrorName(int error) {
  return error == OUT_OF_MEMORY ? "cudaErrorMemoryAllocation" : "cudaErrorInvalidDevice";
}

/* ---- kernels ---------------------------------------------------------------------------------------------------- */

typedef struct {
  unsigned x, y, z;
} Dim3;

/* The names of kernels by the address of their stub in the provider, in order of their registration. */
static struct {
  const void *stub;
  const char *name;
} kernels[1 << 15];
static int kernel_count;
static pthread_mutex_t kernel_lock = PTHREAD_MUTEX_INITIALIZER;

void **__cudaRegisterFatBinary(void *binary) {
  static void *handle[1];
  return handle;
}
NOTHING(__cudaRegisterFatBinaryEnd)
NOTHING(__cudaUnregisterFatBinary)
NOTHING(__cudaRegisterVar)
void __cudaRegisterFunction(void **binary, const char *stub, char *unused, const char *name) {
  pthread_mutex_lock(&kernel_lock);
  if (kernel_count < sizeof kernels / sizeof *kernels) {
    kernels[kernel_count].stub = stub;
    kernels[kernel_count++].name = name;
  }
  pthread_mutex_unlock(&kernel_lock);
}
NOTHING(__cudaPushCallConfiguration)
int __cudaPopCallConfiguration(Dim3 *grid, Dim3 *block, size_t *shared, void **stream) {
  *grid = *block = (Dim3){1, 1, 1};
  *shared = 0;
  *stream = NULL;
  return SUCCESS;
}
int __cudaGetKernel(const void **kernel, const void *stub) {
  *kernel = stub;
  return SUCCESS;
}
static int launch(const void *stub) {
  for (int i = 0; i < kernel_count; i++)
    if (kernels[i].stub == stub) {
      say("kernel %s", kernels[i].name);
      return SUCCESS;
    }
  say("kernel unknown");
  return SUCCESS;
}
int __cudaLaunchKernel(const void *kernel) { return launch(kernel); }
int cudaLaunchKernel(const void *stub) { return launch(stub); }
int cudaLaunchCooperativeKernel(const void *stub) { return launch(stub); }
int cudaLaunchKernelExC(const void *configuration, const void *stub) { return launch(stub); }
int cudaLaunchHostFunc(void *stream, void (*function)(void *), void *data) {
  function(data);
  return SUCCESS;
}
int cudaFuncGetAttributes(char *attributes) {
  memset(attributes, 0, 144);
  const int fields[][2] = {{24, 1024}, {28, 64}, {32, 90}, {36, 90}, {44, 232448}};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) *(int *)(attributes + fields[i][0]) = fields[i][1];
  return SUCCESS;
}
NOTHING(cudaFuncSetAttribute)
NOTHING(cudaKernelSetAttributeForDevice)
int cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks) {
  *blocks = 2;
  return SUCCESS;
}
HANDLE(cudaLibraryLoadData)
NOTHING(cudaLibraryUnload)
int cudaLibraryGetKernel(const void **kernel, long library, const char *name) {
  __cudaRegisterFunction(NULL, name, NULL, name);
  *kernel = name;
  return SUCCESS;
}
NOTHING(cuTensorMapEncodeTiled)
int cudaGetDriverEntryPointByVersion(const char *symbol, void **function, unsigned version, unsigned long long flags,
                                     int *result) {
  *function = cuTensorMapEncodeTiled;
  if (result) *result = 0;
  return SUCCESS;
}

/* ---- streams and events ------------------------------------------------------------------------------------------- */

HANDLE(cudaStreamCreate)
HANDLE(cudaStreamCreateWithFlags)
NOTHING(cudaStreamDestroy)
NOTHING(cudaStreamWaitEvent)
NOTHING(cudaStreamBeginCapture)
NOTHING(cudaStreamEndCapture)
int cudaStreamIsCapturing(void *stream, int *status) {
  *status = 0;
  return SUCCESS;
}
int cudaStreamSynchronize(void *stream) {
  say("wait");
  return SUCCESS;
}
int cudaDeviceSynchronize(void) {
  say("wait");
  return SUCCESS;
}
HANDLE(cudaEventCreate)
HANDLE(cudaEventCreateWithFlags)
NOTHING(cudaEventDestroy)
NOTHING(cudaEventRecord)
NOTHING(cudaEventRecordWithFlags)
int cudaEventSynchronize(void *event) {
  say("wait for an event");
  return SUCCESS;
}
int cudaEventElapsedTime(float *milliseconds) {
  *milliseconds = 1;
  return SUCCESS;
}
NOTHING(cudaGraphDestroy)
NOTHING(cudaGraphExecDestroy)
NOTHING(cudaGraphInstantiate)
NOTHING(cudaGraphLaunch)

/* ---- cuBLAS and cuBLASLt ------------------------------------------------------------------------------------------ */

HANDLE(cublasCreate_v2)
NOTHING(cublasDestroy_v2)
NOTHING(cublasSetMathMode)
NOTHING(cublasSetStream_v2)
int cublasGetMathMode(void *handle, int *mode) {
  *mode = 0;
  return SUCCESS;
}
const char *cublasGetStatusName(int status) { return "status"; }
const char *cublasGetStatusString(int status) { return "status"; }
int cublasGemmEx(void *handle, int a, int b, int m, int n, int k) {
  say("product %d %d %d", m, n, k);
  return SUCCESS;
}
int cublasSgemm_v2(void *handle, int a, int b, int m, int n, int k) { return cublasGemmEx(handle, a, b, m, n, k); }
int cublasGemmStridedBatchedEx(void *handle, int a, int b, int m, int n, int k) {
  say("products %d %d %d", m, n, k);
  return SUCCESS;
}
int cublasSgemmStridedBatched(void *handle, int a, int b, int m, int n, int k) {
  return cublasGemmStridedBatchedEx(handle, a, b, m, n, k);
}
LOGGED(cublasGemmBatchedEx)
LOGGED(cublasDgeam)
LOGGED(cublasDgemmBatched)
LOGGED(cublasDgemmStridedBatched)
LOGGED(cublasDgemm_v2)
LOGGED(cublasDgetrfBatched)
LOGGED(cublasDgetriBatched)
LOGGED(cublasScopy_v2)
LOGGED(cublasSgeam)
LOGGED(cublasSgemmBatched)
LOGGED(cublasSgetrfBatched)
LOGGED(cublasSgetriBatched)
LOGGED(cublasSscal_v2)
HANDLE(cublasLtCreate)
NOTHING(cublasLtDestroy)
LOGGED(cublasLtMatmul)
NOTHING(cublasLtMatmulAlgoConfigSetAttribute)
NOTHING(cublasLtMatmulAlgoGetHeuristic)
NOTHING(cublasLtMatmulAlgoInit)
HANDLE(cublasLtMatmulDescCreate)
NOTHING(cublasLtMatmulDescDestroy)
NOTHING(cublasLtMatmulDescSetAttribute)
HANDLE(cublasLtMatmulPreferenceCreate)
NOTHING(cublasLtMatmulPreferenceDestroy)
NOTHING(cublasLtMatmulPreferenceSetAttribute)
HANDLE(cublasLtMatrixLayoutCreate)
NOTHING(cublasLtMatrixLayoutDestroy)
NOTHING(cublasLtMatrixLayoutSetAttribute)
LOGGED(cublasLtMatrixTransform)
HANDLE(cublasLtMatrixTransformDescCreate)
NOTHING(cublasLtMatrixTransformDescDestroy)

/* ---- cuDNN: the reductions; what is built from its graphs fails ------------------------------------------------------ */

HANDLE(cudnnCreate)
NOTHING(cudnnDestroy)
NOTHING(cudnnSetStream)
size_t cudnnGetVersion(void) { return 92801; }
size_t cudnnGetCudartVersion(void) { return 13000; }
const char *cudnnGetErrorString(int status) { return "not in the stand-in"; }
HANDLE(cudnnCreateReduceTensorDescriptor)
NOTHING(cudnnSetReduceTensorDescriptor)
NOTHING(cudnnDestroyReduceTensorDescriptor)
HANDLE(cudnnCreateTensorDescriptor)
NOTHING(cudnnSetTensorNdDescriptor)
NOTHING(cudnnDestroyTensorDescriptor)
int cudnnGetReductionWorkspaceSize(void *handle, void *reduction, void *from, void *to, size_t *bytes) {
  *bytes = 1024;
  return SUCCESS;
}
int cudnnGetReductionIndicesSize(void *handle, void *reduction, void *from, void *to, size_t *bytes) {
  *bytes = 1024;
  return SUCCESS;
}
int cudnnReduceTensor(void) {
  say("reduction");
  return SUCCESS;
}
int cudnnBackendCreateDescriptor(void) {
  say("graph of cuDNN");
  return 1;
}
