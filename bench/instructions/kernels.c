/* Kernels as a code generator writes them, plain loops in C99, for counting the instructions of an emulated core. One of them is chosen by -DKERNEL. */
#include <math.h>
#include <stdint.h>

#define MOST 4096
float x[MOST], w[MOST], y[MOST], b[64];
int8_t xq[MOST], wq[MOST], yq[MOST];
int32_t bq[64];
const int32_t multiplier[64] = {1 << 30};

static int8_t requantize(int32_t sum, int32_t factor, int shift) {
  int64_t product = (int64_t)sum * factor + ((int64_t)1 << (shift - 1));
  int32_t value = (int32_t)(product >> shift) + 3;
  return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}

void convolution_float32(int size, int channels, int filters, int kernel) {
  for (int f = 0; f < filters; f++)
    for (int i = 0; i < size; i++)
      for (int j = 0; j < size; j++) {
        float sum = b[f];
        for (int c = 0; c < channels; c++)
          for (int u = 0; u < kernel; u++)
            for (int v = 0; v < kernel; v++)
              sum += x[(c * (size + kernel - 1) + i + u) * (size + kernel - 1) + j + v] * w[((f * channels + c) * kernel + u) * kernel + v];
        y[(f * size + i) * size + j] = sum > 0 ? sum : 0;
      }
}

void convolution_int8(int size, int channels, int filters, int kernel) {
  for (int f = 0; f < filters; f++)
    for (int i = 0; i < size; i++)
      for (int j = 0; j < size; j++) {
        int32_t sum = bq[f];
        for (int c = 0; c < channels; c++)
          for (int u = 0; u < kernel; u++)
            for (int v = 0; v < kernel; v++)
              sum += xq[(c * (size + kernel - 1) + i + u) * (size + kernel - 1) + j + v] * wq[((f * channels + c) * kernel + u) * kernel + v];
        yq[(f * size + i) * size + j] = requantize(sum, multiplier[f], 35);
      }
}

void pointwise_float32(int size, int channels, int filters, int kernel) {
  (void)kernel;
  for (int f = 0; f < filters; f++)
    for (int i = 0; i < size * size; i++) {
      float sum = b[f];
      for (int c = 0; c < channels; c++) sum += x[c * size * size + i] * w[f * channels + c];
      y[f * size * size + i] = sum > 0 ? sum : 0;
    }
}

void pointwise_int8(int size, int channels, int filters, int kernel) {
  (void)kernel;
  for (int f = 0; f < filters; f++)
    for (int i = 0; i < size * size; i++) {
      int32_t sum = bq[f];
      for (int c = 0; c < channels; c++) sum += xq[c * size * size + i] * wq[f * channels + c];
      yq[f * size * size + i] = requantize(sum, multiplier[f], 35);
    }
}

void depthwise_float32(int size, int channels, int filters, int kernel) {
  (void)filters;
  for (int c = 0; c < channels; c++)
    for (int i = 0; i < size; i++)
      for (int j = 0; j < size; j++) {
        float sum = b[c];
        for (int u = 0; u < kernel; u++)
          for (int v = 0; v < kernel; v++) sum += x[(c * (size + kernel - 1) + i + u) * (size + kernel - 1) + j + v] * w[(c * kernel + u) * kernel + v];
        y[(c * size + i) * size + j] = sum > 0 ? sum : 0;
      }
}

void depthwise_int8(int size, int channels, int filters, int kernel) {
  (void)filters;
  for (int c = 0; c < channels; c++)
    for (int i = 0; i < size; i++)
      for (int j = 0; j < size; j++) {
        int32_t sum = bq[c];
        for (int u = 0; u < kernel; u++)
          for (int v = 0; v < kernel; v++) sum += xq[(c * (size + kernel - 1) + i + u) * (size + kernel - 1) + j + v] * wq[(c * kernel + u) * kernel + v];
        yq[(c * size + i) * size + j] = requantize(sum, multiplier[c], 35);
      }
}

void dense_float32(int size, int channels, int filters, int kernel) {
  (void)size, (void)kernel;
  for (int f = 0; f < filters; f++) {
    float sum = b[f];
    for (int c = 0; c < channels; c++) sum += x[c] * w[f * channels + c];
    y[f] = sum;
  }
}

void dense_int8(int size, int channels, int filters, int kernel) {
  (void)size, (void)kernel;
  for (int f = 0; f < filters; f++) {
    int32_t sum = bq[f];
    for (int c = 0; c < channels; c++) sum += xq[c] * wq[f * channels + c];
    yq[f] = requantize(sum, multiplier[f], 35);
  }
}

#define EACH(name, type, expression)                                     \
  void name(int size, int channels, int filters, int kernel) {           \
    (void)filters, (void)kernel;                                         \
    for (int i = 0; i < size * size * channels; i++) { expression; }     \
  }
EACH(elementwise_float32, float, y[i] = x[i] + w[i])
EACH(elementwise_int8, int8_t, yq[i] = requantize((xq[i] - 3) * 1200 + (wq[i] - 5) * 900, 1 << 30, 40))
EACH(function_float32, float, y[i] = 1.0f / (1.0f + expf(-x[i])))
EACH(function_int8, int8_t, yq[i] = wq[(uint8_t)xq[i]])
EACH(movement_float32, float, y[i] = x[i])
EACH(movement_int8, int8_t, yq[i] = xq[i])

void pooling_float32(int size, int channels, int filters, int kernel) {
  (void)filters;
  for (int c = 0; c < channels; c++)
    for (int i = 0; i < size; i++)
      for (int j = 0; j < size; j++) {
        float most = -INFINITY;
        for (int u = 0; u < kernel; u++)
          for (int v = 0; v < kernel; v++) {
            float value = x[(c * size * kernel + i * kernel + u) * size * kernel + j * kernel + v];
            most = value > most ? value : most;
          }
        y[(c * size + i) * size + j] = most;
      }
}

void pooling_int8(int size, int channels, int filters, int kernel) {
  (void)filters;
  for (int c = 0; c < channels; c++)
    for (int i = 0; i < size; i++)
      for (int j = 0; j < size; j++) {
        int8_t most = -128;
        for (int u = 0; u < kernel; u++)
          for (int v = 0; v < kernel; v++) {
            int8_t value = xq[(c * size * kernel + i * kernel + u) * size * kernel + j * kernel + v];
            most = value > most ? value : most;
          }
        yq[(c * size + i) * size + j] = most;
      }
}

__attribute__((noinline)) void measure_begin(void) { __asm volatile("nop"); }
__attribute__((noinline)) void measure_end(void) { __asm volatile("nop"); }

int main(void) {
  for (int i = 0; i < MOST; i++) {
    x[i] = 0.01f * (float)(i % 17 - 8), w[i] = 0.02f * (float)(i % 13 - 6);
    xq[i] = (int8_t)(i % 17 - 8), wq[i] = (int8_t)(i % 13 - 6);
  }
  volatile int sizes[4] = {SIZES};
  int size = sizes[0], channels = sizes[1], filters = sizes[2], kernel = sizes[3];
  measure_begin();
  KERNEL(size, channels, filters, kernel);
  measure_end();
  return 0;
}

extern uint32_t _bss, _ebss;
void reset(void) {
#if defined(__ARM_FP)
  *(volatile uint32_t *)0xE000ED88 |= 0xF << 20;
#endif
  for (uint32_t *p = &_bss; p < &_ebss; p++) *p = 0;
  main();
  register uint32_t operation __asm("r0") = 0x18, reason __asm("r1") = 0x20026;
  __asm volatile("bkpt 0xAB" : : "r"(operation), "r"(reason));
  for (;;) {}
}

__attribute__((section(".vectors"), used)) const uint32_t vectors[2] = {0x20040000, (uint32_t)&reset};
