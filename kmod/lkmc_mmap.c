// SPDX-License-Identifier: GPL-2.0-only
/*
 * lkmc_mmap: one page for each open, mapped at every page offset.
 *
 * Every open of /proc/lkmc_mmap gets a page of its own. All pages of all
 * mappings made from that open are that one physical page, and read() and
 * write() reach its first BUFFER_SIZE bytes. Every callback logs exactly one
 * line, because the test suite compares these lines with what it predicts.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat.h"

#define NODE_NAME "lkmc_mmap"
#define BUFFER_SIZE 4

/**
 * struct lkmc_buffer - what one open file description owns
 * @page: the page that is mapped, read and written
 */
struct lkmc_buffer {
	struct page *page;
};

static void lkmc_vm_open(struct vm_area_struct *vma)
{
	pr_info("vm_open\n");
}

static void lkmc_vm_close(struct vm_area_struct *vma)
{
	pr_info("vm_close\n");
}

static vm_fault_t lkmc_vm_fault(struct vm_fault *vmf)
{
	struct lkmc_buffer *buffer = vmf->vma->vm_private_data;

	pr_info("vm_fault pgoff=%lu write=%d\n", vmf->pgoff,
		!!(vmf->flags & FAULT_FLAG_WRITE));

	/* The page table entry that the caller installs owns this reference. */
	get_page(buffer->page);
	vmf->page = buffer->page;
	return 0;
}

static const struct vm_operations_struct lkmc_vm_ops = {
	.open = lkmc_vm_open,
	.close = lkmc_vm_close,
	.fault = lkmc_vm_fault,
};

static int lkmc_mmap(struct file *file, struct vm_area_struct *vma)
{
	pr_info("mmap\n");

	vma->vm_ops = &lkmc_vm_ops;
	vma->vm_private_data = file->private_data;
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);

	/* The kernel calls ->open() for copies of a mapping, not for the first. */
	lkmc_vm_open(vma);
	return 0;
}

static ssize_t lkmc_read(struct file *file, char __user *to, size_t len,
			 loff_t *ppos)
{
	struct lkmc_buffer *buffer = file->private_data;
	loff_t pos = *ppos;

	pr_info("read len=%zu pos=%lld\n", len, pos);

	/* Not reached: the kernel lets no negative position come this far. */
	if (pos < 0)
		return -EINVAL;
	if (pos >= BUFFER_SIZE)
		return 0;

	len = min_t(size_t, len, BUFFER_SIZE - pos);
	if (copy_to_user(to, page_address(buffer->page) + pos, len))
		return -EFAULT;

	*ppos = pos + len;
	return len;
}

static ssize_t lkmc_write(struct file *file, const char __user *from,
			  size_t len, loff_t *ppos)
{
	struct lkmc_buffer *buffer = file->private_data;

	pr_info("write len=%zu pos=%lld\n", len, *ppos);

	/*
	 * The position is neither used nor moved. The bytes that do not fit are
	 * dropped, and still count as written.
	 */
	if (copy_from_user(page_address(buffer->page), from,
			   min_t(size_t, len, BUFFER_SIZE)))
		return -EFAULT;

	return len;
}

static int lkmc_open(struct inode *inode, struct file *file)
{
	struct lkmc_buffer *buffer;

	/*
	 * A proc file does not pin its module, so each open file description
	 * does. Mappings need nothing more: each holds a reference on its file.
	 * proc does not let remove_proc_entry() return while a callback runs,
	 * so that this code is still there to find that the module is going.
	 * It does so only in that moment, which no test program can time.
	 */
	if (!try_module_get(THIS_MODULE)) {
		pr_info("open\n");
		return -ENODEV;
	}

	buffer = kmalloc(sizeof(*buffer), GFP_KERNEL);
	if (!buffer)
		goto err_put_module;

	buffer->page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!buffer->page)
		goto err_free_buffer;

	memcpy(page_address(buffer->page), "asdf", BUFFER_SIZE);
	file->private_data = buffer;
	pr_info("open phys=0x%llx\n",
		(unsigned long long)page_to_phys(buffer->page));
	return 0;

err_free_buffer:
	kfree(buffer);
err_put_module:
	pr_info("open\n");
	module_put(THIS_MODULE);
	return -ENOMEM;
}

static int lkmc_release(struct inode *inode, struct file *file)
{
	struct lkmc_buffer *buffer = file->private_data;

	pr_info("release\n");

	/* A page that somebody else still refers to is freed by the last user. */
	put_page(buffer->page);
	kfree(buffer);

	/*
	 * The module may be unloaded from here on, but its text outlives this
	 * function: remove_proc_entry() waits for a release that is running.
	 */
	module_put(THIS_MODULE);
	return 0;
}

static const struct proc_ops lkmc_proc_ops = {
	.proc_open = lkmc_open,
	.proc_release = lkmc_release,
	.proc_read = lkmc_read,
	.proc_write = lkmc_write,
	.proc_mmap = lkmc_mmap,
};

static int __init lkmc_init(void)
{
	if (!proc_create(NODE_NAME, 0, NULL, &lkmc_proc_ops))
		return -ENOMEM;
	return 0;
}

static void __exit lkmc_exit(void)
{
	remove_proc_entry(NODE_NAME, NULL);
}

module_init(lkmc_init);
module_exit(lkmc_exit);
MODULE_DESCRIPTION("One page for each open, mapped at every page offset");
MODULE_LICENSE("GPL");
