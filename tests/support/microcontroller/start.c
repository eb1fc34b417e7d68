/* Start of a Cortex-M program, and files of the machine that emulates it (semihosting). */
#include <stdint.h>
#include "start.h"

extern uint32_t _data, _edata, _sidata, _bss, _ebss, _stack;
int main(void);
void reset(void);

static int32_t semihosting(int32_t operation, const void *arguments) {
  register int32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = arguments;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

int32_t file_open(const char *path, uint32_t length, uint32_t mode) {
  const struct { const char *path; uint32_t mode, length; } block = {path, mode, length};
  return semihosting(1, &block);
}

int32_t file_read(int32_t file, void *to, uint32_t bytes) {
  const struct { int32_t file; void *to; uint32_t bytes; } block = {file, to, bytes};
  return semihosting(6, &block);
}

int32_t file_write(int32_t file, const void *from, uint32_t bytes) {
  const struct { int32_t file; const void *from; uint32_t bytes; } block = {file, from, bytes};
  return semihosting(5, &block);
}

/* SysTick counts down at 25 MHz; where each instruction is said to take a nanosecond, a tick is 40 of them. */
void ticks_begin(void) {
  volatile uint32_t *const systick = (uint32_t *)0xe000e010;
  systick[1] = 0xffffff;
  systick[2] = 0;
  systick[0] = 5;
}

uint32_t ticks(void) { return 0xffffffu - ((volatile uint32_t *)0xe000e010)[2]; }

static void fault(void) {
  const uint32_t reason = 0x20023; /* an internal error */
  semihosting(0x18, (const void *)reason);
  for (;;) {}
}

void reset(void) {
  const uint32_t *from = &_sidata;
  for (uint32_t *to = &_data; to < &_edata;) *to++ = *from++;
  for (uint32_t *to = &_bss; to < &_ebss;) *to++ = 0;
  *(volatile uint32_t *)0xe000ed88 |= 0xf00000; /* the floating-point unit may be used */
  __asm__ volatile("dsb\n isb");
  const uint32_t reason = main() == 0 ? 0x20026 : 0x20023;
  semihosting(0x18, (const void *)reason);
  for (;;) {}
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &_stack, (const void *)reset, (const void *)fault, (const void *)fault, (const void *)fault, (const void *)fault, (const void *)fault};
