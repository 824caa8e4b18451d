// SPDX-License-Identifier: GPL-2.0-only
/*
 * ledger: what the modules that were loaded after it have allocated and not
 * freed yet.
 *
 * Every allocation of slab objects and of pages that has a function of such a
 * module among its callers is noted, with that function and with the number of
 * the operation that user space says is under way, and struck out when it is
 * freed, by whomever. What the kernel takes for itself on that occasion and
 * keeps (slabs, its own page tables, its tables of numbers, stack traces of
 * sanitizers, books about counters of lines, pages that a copy to user memory
 * faults in) is not the module's. That is exact, it names the culprit, and
 * user space needs no system call to know whether something is left: it maps
 * the first page.
 *
 * /proc/ledger: mmap() yields struct ledger_page; read() yields a line for
 * each entry: what, operation, function.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hash.h>
#include <linux/kallsyms.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/stacktrace.h>
#include <linux/tracepoint.h>
#include <linux/version.h>

/* A power of two; the guests are small. */
#define ENTRIES_BITS 13
#define ENTRIES (1u << ENTRIES_BITS)
#define MODULES 8
#define DEPTH 32
#define NAME_LEN 40
#define CACHE_BITS 8

/**
 * struct ledger_page - what user space shares with this module
 * @step: written by user space: the number of what is under way
 * @live: the allocations that are not freed
 * @lost: the allocations for which there was no room
 */
struct ledger_page {
	u64 step;
	u64 live;
	u64 lost;
};

enum kind { KIND_NONE, KIND_GONE, KIND_PAGE, KIND_OBJECT };

struct entry {
	unsigned long address;
	u64 step;
	char caller[NAME_LEN];
	enum kind kind;
};

struct text {
	struct module *module;
	unsigned long start;
	unsigned long end;
};

static struct ledger_page *shared;
static struct entry entries[ENTRIES];
static struct text texts[MODULES];
/* Around all of them, for a quick look. */
static unsigned long lowest = ULONG_MAX, highest;
static DEFINE_RAW_SPINLOCK(lock);

static bool in_text(unsigned long address)
{
	int i;

	if (address < lowest || address >= highest)
		return false;
	for (i = 0; i < MODULES; i++)
		if (texts[i].module && address >= texts[i].start && address < texts[i].end)
			return true;
	return false;
}

/* What the kernel allocates for itself passes through one of these functions. */
static const char *const kernels_own[] = {
	"___slab_alloc", "new_slab", "allocate_slab",
	"__stack_depot_save", "stack_depot_save_flags",
	"__pte_alloc", "__pte_alloc_kernel", "__pmd_alloc", "__pud_alloc", "__p4d_alloc",
	"radix_tree_node_alloc", "__radix_tree_preload", "idr_get_free", "ida_alloc_range", "xas_alloc", "__xas_nomem",
	"alloc_vmap_area", "new_vmap_block", "pcpu_create_chunk",
	"handle_mm_fault", "__gcov_init",
};

/* Looking up a name takes long, and the kernel itself never moves. */
static struct {
	unsigned long address;
	bool own;
} cache[1 << CACHE_BITS];

static bool is_kernels_own(unsigned long address)
{
	u32 at = hash_long(address, CACHE_BITS);
	char name[KSYM_SYMBOL_LEN];
	int i;

	if (cache[at].address == address)
		return cache[at].own;
	sprint_symbol_no_offset(name, address);
	cache[at].own = false;
	for (i = 0; i < ARRAY_SIZE(kernels_own); i++) {
		size_t length = strlen(kernels_own[i]);

		/* The compiler may have cut it to pieces: NAME.isra.0. */
		if (strncmp(name, kernels_own[i], length) == 0 && (!name[length] || name[length] == '.'))
			cache[at].own = true;
	}
	cache[at].address = address;
	return cache[at].own;
}

/* The innermost function of a watched module on the stack, or 0. */
static unsigned long find_caller(void)
{
	unsigned long trace[DEPTH];
	unsigned long *word = (unsigned long *)current_stack_pointer;
	unsigned long end = ((unsigned long)word & ~(THREAD_SIZE - 1)) + THREAD_SIZE;
	unsigned int i, n, inner;

	if (!highest || !in_task())
		return 0;
	/* Walking the stack is slow, and nearly no allocation is of interest. */
	while ((unsigned long)word < end && !in_text(READ_ONCE_NOCHECK(*word)))
		word++;
	if ((unsigned long)word >= end)
		return 0;
	n = stack_trace_save(trace, DEPTH, 0);
	for (i = 0; i < n; i++)
		if (in_text(trace[i]))
			break;
	if (i == n)
		return 0;
	for (inner = 0; inner < i; inner++)
		if (is_kernels_own(trace[inner]))
			return 0;
	return trace[i];
}

/* The entry of an address, or the free one where it belongs, or NULL. */
static struct entry *find(unsigned long address, bool make)
{
	u32 at = hash_long(address, ENTRIES_BITS);
	struct entry *gone = NULL;
	u32 i;

	for (i = 0; i < ENTRIES; i++, at = (at + 1) % ENTRIES) {
		struct entry *entry = &entries[at];

		if (entry->kind == KIND_NONE)
			return make ? (gone ?: entry) : NULL;
		if (entry->kind == KIND_GONE) {
			if (!gone)
				gone = entry;
		} else if (entry->address == address) {
			return entry;
		}
	}
	return make ? gone : NULL;
}

static void note(unsigned long address, enum kind kind, unsigned long caller)
{
	struct entry *entry = find(address, true);

	if (!entry) {
		shared->lost++;
		return;
	}
	if (entry->kind <= KIND_GONE)
		shared->live++;
	entry->address = address;
	/* Now, for the module may be gone when somebody asks. */
	snprintf(entry->caller, sizeof(entry->caller), "%ps", (void *)caller);
	entry->caller[strcspn(entry->caller, " ")] = '\0';
	entry->step = shared->step;
	entry->kind = kind;
}

static void strike(unsigned long address)
{
	struct entry *entry = find(address, false);
	u32 at;

	if (!entry)
		return;
	shared->live--;
	entry->kind = KIND_GONE;
	/* Keeps chains short: what is at the end of one can be none at all. */
	at = entry - entries;
	if (entries[(at + 1) % ENTRIES].kind != KIND_NONE)
		return;
	for (; entries[at].kind == KIND_GONE; at = (at - 1) % ENTRIES)
		entries[at].kind = KIND_NONE;
}

static void object_allocated(void *data, unsigned long call_site, const void *object)
{
	unsigned long caller, flags;

	if (!object)
		return;
	caller = find_caller();
	if (!caller)
		return;
	raw_spin_lock_irqsave(&lock, flags);
	note((unsigned long)object, KIND_OBJECT, caller);
	raw_spin_unlock_irqrestore(&lock, flags);
}

static void object_freed(void *data, unsigned long call_site, const void *object)
{
	unsigned long flags;

	if (!object || !shared->live)
		return;
	raw_spin_lock_irqsave(&lock, flags);
	strike((unsigned long)object);
	raw_spin_unlock_irqrestore(&lock, flags);
}

/* Pages are freed one by one, or as they were allocated: each is an entry. Their number cannot be an object's address. */
static void pages_allocated(void *data, struct page *page, unsigned int order)
{
	unsigned long caller, flags, i;

	if (!page)
		return;
	caller = find_caller();
	if (!caller)
		return;
	raw_spin_lock_irqsave(&lock, flags);
	for (i = 0; i < 1ul << order; i++)
		note(page_to_pfn(page) + i, KIND_PAGE, caller);
	raw_spin_unlock_irqrestore(&lock, flags);
}

static void pages_freed(void *data, struct page *page, unsigned int order)
{
	unsigned long flags, i;

	if (!shared->live)
		return;
	raw_spin_lock_irqsave(&lock, flags);
	for (i = 0; i < 1ul << order; i++)
		strike(page_to_pfn(page) + i);
	raw_spin_unlock_irqrestore(&lock, flags);
}

/* The functions take fewer arguments than their tracepoints pass. */
static struct probe {
	const char *name;
	void *function;
	struct tracepoint *tracepoint;
} probes[] = {
	{ "kmalloc", object_allocated },
	{ "kmem_cache_alloc", object_allocated },
	{ "kfree", object_freed },
	{ "kmem_cache_free", object_freed },
	{ "mm_page_alloc", pages_allocated },
	{ "mm_page_free", pages_freed },
};

static void match_probe(struct tracepoint *tracepoint, void *data)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (strcmp(tracepoint->name, probes[i].name) == 0)
			probes[i].tracepoint = tracepoint;
}

static void unregister_probes(int count)
{
	while (count--)
		tracepoint_probe_unregister(probes[count].tracepoint, probes[count].function, NULL);
	tracepoint_synchronize_unregister();
}

static int register_probes(void)
{
	int i, ret;

	for_each_kernel_tracepoint(match_probe, NULL);
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		ret = probes[i].tracepoint ?
			      tracepoint_probe_register(probes[i].tracepoint, probes[i].function, NULL) :
			      -ENOENT;
		if (ret) {
			pr_err("there is no tracepoint %s (%d)\n", probes[i].name, ret);
			unregister_probes(i);
			return ret;
		}
	}
	return 0;
}

static void set_bounds(void)
{
	int i;

	lowest = ULONG_MAX;
	highest = 0;
	for (i = 0; i < MODULES; i++)
		if (texts[i].module) {
			lowest = min(lowest, texts[i].start);
			highest = max(highest, texts[i].end);
		}
}

static void watch(struct module *module, unsigned long start, unsigned long size)
{
	int i;

	for (i = 0; i < MODULES && size; i++)
		if (!texts[i].module) {
			texts[i] = (struct text){ module, start, start + size };
			break;
		}
}

static void forget(struct module *module, unsigned long start)
{
	int i;

	for (i = 0; i < MODULES; i++)
		if (texts[i].module == module && (!start || texts[i].start == start))
			texts[i].module = NULL;
}

static int on_module(struct notifier_block *block, unsigned long state, void *data)
{
	struct module *module = data;

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	struct module_memory *text = &module->mem[MOD_TEXT];
	struct module_memory *init = &module->mem[MOD_INIT_TEXT];
	unsigned long text_start = (unsigned long)text->base, init_start = (unsigned long)init->base;
	unsigned long text_size = text->size, init_size = init->size;
#else
	unsigned long text_start = (unsigned long)module->core_layout.base;
	unsigned long init_start = (unsigned long)module->init_layout.base;
	unsigned long text_size = module->core_layout.text_size, init_size = module->init_layout.text_size;
#endif

	if (state == MODULE_STATE_COMING) {
		watch(module, text_start, text_size);
		watch(module, init_start, init_size);
	} else if (state == MODULE_STATE_LIVE) {
		forget(module, init_start);
	} else if (state == MODULE_STATE_GOING) {
		forget(module, 0);
	}
	set_bounds();
	return NOTIFY_OK;
}

static struct notifier_block modules = { .notifier_call = on_module };

static int show(struct seq_file *file, void *unused)
{
	static const char *const names[] = { [KIND_PAGE] = "page", [KIND_OBJECT] = "object" };
	u32 i;

	for (i = 0; i < ENTRIES; i++) {
		const struct entry *entry = &entries[i];

		if (entry->kind > KIND_GONE)
			seq_printf(file, "%s %llu %s\n", names[entry->kind], entry->step, entry->caller);
	}
	return 0;
}

static int ledger_open(struct inode *inode, struct file *file)
{
	return single_open(file, show, NULL);
}

static int ledger_mmap(struct file *file, struct vm_area_struct *vma)
{
	return vm_insert_page(vma, vma->vm_start, virt_to_page(shared));
}

static const struct proc_ops ledger_ops = {
	.proc_open = ledger_open,
	.proc_release = single_release,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_mmap = ledger_mmap,
};

static int __init ledger_init(void)
{
	int ret;

	shared = (void *)get_zeroed_page(GFP_KERNEL);
	if (!shared)
		return -ENOMEM;
	ret = register_probes();
	if (ret)
		goto err_free;
	ret = register_module_notifier(&modules);
	if (ret)
		goto err_unregister;
	if (!proc_create(KBUILD_MODNAME, 0600, NULL, &ledger_ops)) {
		ret = -ENOMEM;
		goto err_notifier;
	}
	return 0;

err_notifier:
	unregister_module_notifier(&modules);
err_unregister:
	unregister_probes(ARRAY_SIZE(probes));
err_free:
	free_page((unsigned long)shared);
	return ret;
}

/* There is no exit: it stays as long as the kernel. */
module_init(ledger_init);
MODULE_DESCRIPTION("What other modules have allocated and not freed yet");
MODULE_LICENSE("GPL");
