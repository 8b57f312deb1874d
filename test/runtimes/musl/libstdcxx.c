/* What GCC's libstdc++ asks of glibc, for a musl that has it not. */
#include <stdarg.h>
#include <stddef.h>

extern long getrandom(void *, size_t, unsigned);
extern void abort(void);

void *__dso_handle = 0;
char __libc_single_threaded = 0;

int _dl_find_object(void *pc, void *result) { return -1; }

unsigned arc4random(void) {
  unsigned n;
  getrandom(&n, sizeof n, 0);
  return n;
}

/* Of a later libstdc++ than Debian's. */
void _ZSt21__glibcxx_assert_failPKciS0_S0_(const char *file, int line, const char *function, const char *what) { abort(); }
