// The allocator of the standalone executable. It replaces musl's, which would take half of a check's time. It is for
// one thread, and for a process that usually lives for milliseconds. mimalloc was also tried: it was slower here (3.2
// ms against 2.8; musl 5.9), asks for random numbers at startup through a system call that Linux has since 3.17, and
// maps 32 MiB.
//
// A block is a word that holds its size, followed by the caller's memory at a multiple of 16. Small blocks come in 64
// sizes. They are cut off a large piece one after the other, so that blocks allocated together are adjacent and few
// pages are touched. Freed blocks wait in a list for the next request of their size. Large blocks are mappings of their
// own, and are returned to the kernel.

#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

// In main.c: prints UNKNOWN and exits. No caller ever gets NULL, because the engine does not check everywhere. A check
// without memory to read a file could take the file for absent, and report a milder state.
_Noreturn void out_of_memory(void);

enum {
  WORD = 8,
  ALIGNMENT = 16,
  PAGE = 4096,
  EVEN = 512, // up to here there is a size for every 16 bytes; above it, four per doubling
  EVEN_SIZES = EVEN / ALIGNMENT,
  SIZES = EVEN_SIZES + 4 * 8,
  LARGEST_SMALL = EVEN << 8,
  FIRST_PIECE = 256 * 1024, // about as much as the engine needs to start
  LARGEST_PIECE = 1024 * 1024,
};

static void *freed[SIZES];
static char *piece, *piece_end;
static size_t next_piece = FIRST_PIECE;

static size_t round_up(size_t size, size_t step) { return (size + step - 1) & -step; }

static size_t *word_of(void *block) { return (size_t *)block - 1; }

// Returns the number of the smallest size that fits `size` bytes, including the word.
static unsigned number_of(size_t size) {
  if (size <= EVEN) return (size - 1) / ALIGNMENT;
  unsigned doubling = 63 - __builtin_clzl(size - 1);
  return EVEN_SIZES + (doubling - 9) * 4 + ((size - 1) >> (doubling - 2) & 3);
}

static size_t size_of(unsigned number) {
  if (number < EVEN_SIZES) return (number + 1) * ALIGNMENT;
  return (size_t)(5 + number % 4) << (7 + (number - EVEN_SIZES) / 4);
}

static void *map(size_t size, int flags) {
  void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  if (mapped == MAP_FAILED) out_of_memory();
  return mapped;
}

static void *cut(unsigned number) {
  void *block = piece + WORD;
  *word_of(block) = size_of(number);
  piece += size_of(number);
  return block;
}

static void put_aside(void *block) {
  unsigned number = number_of(*word_of(block));
  *(void **)block = freed[number];
  freed[number] = block;
}

static void start_piece(void) {
  while (piece_end > piece) {
    unsigned number = number_of(piece_end - piece);
    if (size_of(number) > (size_t)(piece_end - piece)) number--;
    put_aside(cut(number));
  }
  // MAP_POPULATE: the pages will be used at once, and a page fault for each costs more. Linux before 2.6.23 ignores it.
  piece = (char *)map(next_piece, next_piece == FIRST_PIECE ? MAP_POPULATE : 0) + WORD;
  piece_end = piece + next_piece - ALIGNMENT;
  if (next_piece < LARGEST_PIECE) next_piece *= 2;
}

static void *small(unsigned number) {
  void *block = freed[number];
  if (block != NULL) {
    freed[number] = *(void **)block;
    return block;
  }
  if ((size_t)(piece_end - piece) < size_of(number)) start_piece();
  return cut(number);
}

// The word of a large block holds the size of the mapping, which begins one word before it.
static void *large(size_t mapped) {
  char *block = (char *)map(mapped, 0) + ALIGNMENT;
  *word_of(block) = mapped;
  return block;
}

static int is_large(void *block) { return *word_of(block) > LARGEST_SMALL; }

// Has a name that gcc does not recognise: gcc turns a malloc() plus memset() into calloc(), even inside calloc().
static void *allocate(size_t size) {
  if (size > PTRDIFF_MAX - PAGE) out_of_memory();
  if (size + WORD > LARGEST_SMALL) return large(round_up(size + ALIGNMENT, PAGE));
  return small(number_of(size + WORD));
}

void *malloc(size_t size) { return allocate(size); }

void free(void *block) {
  if (block == NULL) return;
  if (is_large(block)) munmap((char *)block - ALIGNMENT, *word_of(block));
  else put_aside(block);
}

void *calloc(size_t count, size_t size) {
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) out_of_memory();
  void *block = allocate(total);
  return is_large(block) ? block : memset(block, 0, total);
}

size_t malloc_usable_size(void *block) {
  if (block == NULL) return 0;
  return *word_of(block) - (is_large(block) ? ALIGNMENT : WORD);
}

static void *resize_large(void *block, size_t size) {
  size_t mapped = round_up(size + ALIGNMENT, PAGE);
  char *moved = mremap((char *)block - ALIGNMENT, *word_of(block), mapped, MREMAP_MAYMOVE);
  if (moved == MAP_FAILED) out_of_memory();
  *word_of(moved + ALIGNMENT) = mapped;
  return moved + ALIGNMENT;
}

void *realloc(void *block, size_t size) {
  size_t usable = malloc_usable_size(block);
  if (size > PTRDIFF_MAX - PAGE) out_of_memory();
  if (block != NULL && is_large(block) && size + WORD > LARGEST_SMALL) return resize_large(block, size);
  if (size <= usable && size >= usable / 2) return block;
  void *moved = allocate(size);
  if (block != NULL) memcpy(moved, block, size < usable ? size : usable);
  free(block);
  return moved;
}
