__global__ void scale(float *x) { x[threadIdx.x] *= 3.0f; }
