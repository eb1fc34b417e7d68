#include <stdint.h>
int32_t file_open(const char *path, uint32_t length, uint32_t mode);
int32_t file_read(int32_t file, void *to, uint32_t bytes);
int32_t file_write(int32_t file, const void *from, uint32_t bytes);
void ticks_begin(void);
uint32_t ticks(void);
