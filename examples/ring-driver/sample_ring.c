// SPDX-License-Identifier: GPL-2.0-only
/*
 * sample_ring: a ring of samples that the kernel fills and a program maps.
 *
 * Every open of /dev/sample_ring has a ring of its own: a page with a header,
 * and three pages of samples. The program maps all of it, asks for samples
 * with SAMPLE_RING_FILL, and takes them out of the mapping between `tail`,
 * which it moves itself, and `head`, which the kernel moves. What the program
 * writes into the header is only ever believed modulo the size of the ring.
 *
 * There are three ways to map the same pages, and the parameter `mapping`
 * chooses one: handing each page over when it is first accessed (fault),
 * putting all of them in place with vm_insert_page() (insert), or mapping
 * physical page numbers with remap_pfn_range() (remap).
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}
#endif

/* Appends as many samples as the argument says. */
#define SAMPLE_RING_FILL _IO('R', 0x51)

#define RING_PAGES 4
#define RING_BYTES (RING_PAGES << PAGE_SHIFT)
#define RING_SAMPLES ((RING_BYTES - PAGE_SIZE) / sizeof(u64))

struct ring_header {
	char magic[8];
	u64 head;
	u64 tail;
};

struct ring {
	struct mutex lock; /* Held while samples are added. */
	/* Contiguous pages, each with a reference count of its own. */
	void *memory;
};

static char *mapping = "fault";
module_param(mapping, charp, 0444);
MODULE_PARM_DESC(mapping, "fault (default), insert or remap");

static struct page *ring_page(struct ring *ring, unsigned long index)
{
	return virt_to_page(ring->memory + (index << PAGE_SHIFT));
}

static void ring_vm_open(struct vm_area_struct *vma)
{
	pr_info("vm_open\n");
}

static void ring_vm_close(struct vm_area_struct *vma)
{
	pr_info("vm_close\n");
}

static vm_fault_t ring_vm_fault(struct vm_fault *vmf)
{
	struct ring *ring = vmf->vma->vm_private_data;

	pr_info("vm_fault pgoff=%lu write=%d\n", vmf->pgoff,
		!!(vmf->flags & FAULT_FLAG_WRITE));

	if (vmf->pgoff >= RING_PAGES)
		return VM_FAULT_SIGBUS;
	vmf->page = ring_page(ring, vmf->pgoff);
	get_page(vmf->page);
	return 0;
}

static int ring_map_on_fault(struct ring *ring, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
}

static int ring_map_inserted(struct ring *ring, struct vm_area_struct *vma)
{
	unsigned long i;
	int ret;

	for (i = 0; i < vma_pages(vma); i++) {
		ret = vm_insert_page(vma, vma->vm_start + (i << PAGE_SHIFT),
				     ring_page(ring, vma->vm_pgoff + i));
		if (ret)
			return ret;
	}
	return 0;
}

static int ring_map_remapped(struct ring *ring, struct vm_area_struct *vma)
{
	return remap_pfn_range(vma, vma->vm_start,
			       page_to_pfn(ring_page(ring, vma->vm_pgoff)),
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static const struct vm_operations_struct ring_fault_ops = {
	.open = ring_vm_open,
	.close = ring_vm_close,
	.fault = ring_vm_fault,
};

static const struct vm_operations_struct ring_placed_ops = {
	.open = ring_vm_open,
	.close = ring_vm_close,
};

/**
 * struct ring_mapping - one way to map a ring
 * @name: the value of the module parameter that selects it
 * @map: puts the pages in place, or says that they come later
 * @ops: the vm_operations of the mapping
 */
struct ring_mapping {
	const char *name;
	int (*map)(struct ring *ring, struct vm_area_struct *vma);
	const struct vm_operations_struct *ops;
};

static const struct ring_mapping ring_mappings[] = {
	{ "fault", ring_map_on_fault, &ring_fault_ops },
	{ "insert", ring_map_inserted, &ring_placed_ops },
	{ "remap", ring_map_remapped, &ring_placed_ops },
};

static const struct ring_mapping *ring_mapping;

static int ring_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring *ring = file->private_data;
	int ret;

	pr_info("mmap\n");

	/* Half a ring is of no use to anybody. */
	if (vma->vm_pgoff != 0 || vma_pages(vma) != RING_PAGES)
		return -EINVAL;
	/* A private copy would not see what the kernel fills in. */
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		return -EINVAL;

	ret = ring_mapping->map(ring, vma);
	if (ret)
		return ret;
	vma->vm_private_data = ring;
	vma->vm_ops = ring_mapping->ops;
	ring_vm_open(vma);
	return 0;
}

static void ring_fill(struct ring *ring, unsigned long count)
{
	struct ring_header *header = ring->memory;
	u64 *samples = ring->memory + PAGE_SIZE;
	unsigned long i;

	if (count > RING_SAMPLES)
		count = RING_SAMPLES;
	mutex_lock(&ring->lock);
	for (i = 0; i < count; i++) {
		u64 head = READ_ONCE(header->head) % RING_SAMPLES;

		samples[head] = ktime_get_ns();
		/* Whoever sees the new head also sees the sample. */
		smp_store_release(&header->head, (head + 1) % RING_SAMPLES);
	}
	mutex_unlock(&ring->lock);
}

static long ring_ioctl(struct file *file, unsigned int command,
		       unsigned long argument)
{
	if (command != SAMPLE_RING_FILL)
		return -ENOTTY;
	ring_fill(file->private_data, argument);
	return 0;
}

static int ring_open(struct inode *inode, struct file *file)
{
	struct ring *ring;
	int ret;

	pr_info("open\n");

	ring = kzalloc(sizeof(*ring), GFP_KERNEL);
	if (!ring)
		return -ENOMEM;
	ring->memory = alloc_pages_exact(RING_BYTES, GFP_KERNEL | __GFP_ZERO);
	if (!ring->memory) {
		ret = -ENOMEM;
		goto err_free_ring;
	}
	mutex_init(&ring->lock);
	memcpy(ring->memory, "SAMPLES1", 8);
	file->private_data = ring;
	return nonseekable_open(inode, file);

err_free_ring:
	kfree(ring);
	return ret;
}

static int ring_release(struct inode *inode, struct file *file)
{
	struct ring *ring = file->private_data;

	pr_info("release\n");

	/* A mapping holds the file, so nobody looks at these pages any more. */
	free_pages_exact(ring->memory, RING_BYTES);
	kfree(ring);
	return 0;
}

static const struct file_operations ring_fops = {
	.owner = THIS_MODULE,
	.open = ring_open,
	.release = ring_release,
	.mmap = ring_mmap,
	.unlocked_ioctl = ring_ioctl,
};

static struct miscdevice ring_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.fops = &ring_fops,
	.mode = 0666,
};

static int __init ring_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ring_mappings); i++)
		if (sysfs_streq(mapping, ring_mappings[i].name))
			ring_mapping = &ring_mappings[i];
	if (!ring_mapping) {
		pr_err("unknown mapping '%s'\n", mapping);
		return -EINVAL;
	}
	return misc_register(&ring_device);
}

static void __exit ring_exit(void)
{
	misc_deregister(&ring_device);
}

module_init(ring_init);
module_exit(ring_exit);
MODULE_DESCRIPTION("A ring of samples that the kernel fills and a program maps");
MODULE_LICENSE("GPL");
