// SPDX-License-Identifier: GPL-2.0-only
/*
 * pages_mmap: one buffer of many pages, mapped by page offset.
 *
 * /dev/pages_mmap has a single buffer that every open shares. The fault
 * handler hands over the page at the faulting page offset. Three ways to
 * allocate the buffer exist, and user space must not be able to tell them
 * apart. Every callback logs exactly one line, because the test suite compares
 * these lines with what it predicts.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "compat.h"

static unsigned int pages = 4;
module_param(pages, uint, 0444);
MODULE_PARM_DESC(pages, "Size of the buffer in pages (default 4)");

static char *backing = "vmalloc";
module_param(backing, charp, 0444);
MODULE_PARM_DESC(backing, "vmalloc (default), array or kmalloc");

/**
 * struct backing_ops - one way to allocate the buffer
 * @name: the value of the module parameter that selects it
 * @alloc: allocates @pages zeroed pages, each with a reference count of its
 *	own, and points @memory at them; returns 0 or a negative errno
 * @page: the page at an offset that is known to be less than @pages
 * @free: undoes @alloc
 */
struct backing_ops {
	const char *name;
	int (*alloc)(void);
	struct page *(*page)(unsigned long pgoff);
	void (*free)(void);
};

static const struct backing_ops *backing_ops;

/* The buffer in contiguous kernel addresses, for read() and write(). */
static void *memory;

/* The separately allocated pages; used by the array backing only. */
static struct page **page_array;

static size_t buffer_size(void)
{
	return (size_t)pages << PAGE_SHIFT;
}

static int vmalloc_backing_alloc(void)
{
	memory = vmalloc_user(buffer_size());
	return memory ? 0 : -ENOMEM;
}

static struct page *vmalloc_backing_page(unsigned long pgoff)
{
	return vmalloc_to_page(memory + (pgoff << PAGE_SHIFT));
}

static void vmalloc_backing_free(void)
{
	vfree(memory);
}

static void free_page_array(unsigned int count)
{
	while (count--)
		put_page(page_array[count]);
	kvfree(page_array);
}

static int array_backing_alloc(void)
{
	unsigned int i;

	page_array = kvcalloc(pages, sizeof(*page_array), GFP_KERNEL);
	if (!page_array)
		return -ENOMEM;

	for (i = 0; i < pages; i++) {
		page_array[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!page_array[i])
			goto err_free_pages;
	}

	/*
	 * One copy must be able to cross a page boundary, or a user buffer that
	 * faults half-way would leave another content here than in the other
	 * two backings.
	 */
	memory = vmap(page_array, pages, VM_MAP, PAGE_KERNEL);
	if (!memory)
		goto err_free_pages;
	return 0;

err_free_pages:
	free_page_array(i);
	return -ENOMEM;
}

static struct page *array_backing_page(unsigned long pgoff)
{
	return page_array[pgoff];
}

static void array_backing_free(void)
{
	vunmap(memory);
	free_page_array(pages);
}

/*
 * Memory of kmalloc() itself belongs to a slab, whose pages may not be mapped
 * one by one. This is what kmalloc() does for large sizes, with a reference
 * count for each page.
 */
static int kmalloc_backing_alloc(void)
{
	memory = alloc_pages_exact(buffer_size(), GFP_KERNEL | __GFP_ZERO |
				   __GFP_NOWARN);
	return memory ? 0 : -ENOMEM;
}

static struct page *kmalloc_backing_page(unsigned long pgoff)
{
	return virt_to_page(memory + (pgoff << PAGE_SHIFT));
}

static void kmalloc_backing_free(void)
{
	free_pages_exact(memory, buffer_size());
}

static const struct backing_ops all_backings[] = {
	{
		.name = "vmalloc",
		.alloc = vmalloc_backing_alloc,
		.page = vmalloc_backing_page,
		.free = vmalloc_backing_free,
	},
	{
		.name = "array",
		.alloc = array_backing_alloc,
		.page = array_backing_page,
		.free = array_backing_free,
	},
	{
		.name = "kmalloc",
		.alloc = kmalloc_backing_alloc,
		.page = kmalloc_backing_page,
		.free = kmalloc_backing_free,
	},
};

static vm_fault_t pages_vm_fault(struct vm_fault *vmf)
{
	pr_info("vm_fault pgoff=%lu write=%d\n", vmf->pgoff,
		!!(vmf->flags & FAULT_FLAG_WRITE));

	/* mremap() can grow a mapping beyond what ->mmap() has checked. */
	if (vmf->pgoff >= pages)
		return VM_FAULT_SIGBUS;

	/* The page table entry that the caller installs owns this reference. */
	vmf->page = backing_ops->page(vmf->pgoff);
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct pages_vm_ops = {
	.fault = pages_vm_fault,
};

static int pages_mmap(struct file *file, struct vm_area_struct *vma)
{
	pr_info("mmap\n");

	/* Two comparisons instead of a sum, which could overflow. */
	if (vma_pages(vma) > pages || vma->vm_pgoff > pages - vma_pages(vma))
		return -EINVAL;

	vma->vm_ops = &pages_vm_ops;
	return 0;
}

/*
 * Each description has a position, though it cannot be set: the kernel passes
 * a copy of it to read() and write(), so two threads that share a description
 * may see the same position, but can never leave the buffer.
 */
static ssize_t pages_read(struct file *file, char __user *to, size_t len,
			  loff_t *ppos)
{
	loff_t pos = *ppos;

	pr_info("read len=%zu pos=%lld\n", len, pos);

	if (pos >= buffer_size())
		return 0;

	len = min_t(size_t, len, buffer_size() - pos);
	if (copy_to_user(to, memory + pos, len))
		return -EFAULT;

	*ppos = pos + len;
	return len;
}

static ssize_t pages_write(struct file *file, const char __user *from,
			   size_t len, loff_t *ppos)
{
	loff_t pos = *ppos;

	pr_info("write len=%zu pos=%lld\n", len, pos);

	if (pos >= buffer_size())
		return -ENOSPC;

	len = min_t(size_t, len, buffer_size() - pos);
	if (copy_from_user(memory + pos, from, len))
		return -EFAULT;

	*ppos = pos + len;
	return len;
}

static int pages_open(struct inode *inode, struct file *file)
{
	pr_info("open\n");

	/* Not stream_open(): that would take the position away as well. */
	return nonseekable_open(inode, file);
}

static int pages_release(struct inode *inode, struct file *file)
{
	pr_info("release\n");
	return 0;
}

static const struct file_operations pages_fops = {
	.owner = THIS_MODULE,
	.open = pages_open,
	.release = pages_release,
	.read = pages_read,
	.write = pages_write,
	.mmap = pages_mmap,
};

static struct miscdevice pages_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.fops = &pages_fops,
	.mode = 0666,
};

/*
 * Wrong parameters are refused here and in pages_init(). No test program gets
 * there: it loads the module with the parameters that its guest was given.
 */
static const struct backing_ops *find_backing(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all_backings); i++)
		if (sysfs_streq(name, all_backings[i].name))
			return &all_backings[i];
	return NULL;
}

static int __init pages_init(void)
{
	int ret;

	backing_ops = find_backing(backing);
	if (!backing_ops) {
		pr_err("unknown backing '%s'\n", backing);
		return -EINVAL;
	}
	if (!pages || pages > totalram_pages()) {
		pr_err("cannot allocate %u pages\n", pages);
		return -EINVAL;
	}

	ret = backing_ops->alloc();
	if (ret)
		return ret;

	/* The device appears last, when everything it needs exists. */
	ret = misc_register(&pages_device);
	if (ret)
		backing_ops->free();
	return ret;
}

static void __exit pages_exit(void)
{
	misc_deregister(&pages_device);
	backing_ops->free();
}

module_init(pages_init);
module_exit(pages_exit);
MODULE_DESCRIPTION("One buffer of many pages, mapped by page offset");
MODULE_LICENSE("GPL");
