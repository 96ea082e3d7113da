/* What the parts of a platform's package need and its libraries have not. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define HIDDEN __attribute__((visibility("hidden")))

/* Of glibc 2.32. That the process may have several threads is always true enough. */
HIDDEN char __libc_single_threaded = 0;

/* Of glibc 2.36; the C++ library's random_device calls it. */
HIDDEN uint32_t arc4random(void) {
  uint32_t number;
  if (getrandom(&number, sizeof(number), 0) != sizeof(number)) abort();
  return number;
}

/* libjpeg's. */
HIDDEN FILE* cnn_stderr;

__attribute__((constructor)) static void setStderr(void) { cnn_stderr = stderr; }
