// SPDX-License-Identifier: GPL-2.0-only
/*
 * uml_port: a file descriptor of the host as a character device of the guest.
 *
 * User Mode Linux offers serial lines, which read a byte at a time and lose
 * their way above some kilobytes, and network devices, which need somebody at
 * either end to turn packets into a stream again. The helper wants a stream
 * that waits for both sides, and the descriptor that this process inherited
 * is one already.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include <irq_kern.h>
#include <irq_user.h>
#include <os.h>

static int fd = 3;
module_param(fd, int, 0444);
MODULE_PARM_DESC(fd, "The descriptor of the host: a connected stream socket");

/*
 * What one call of the host moves at most. The memory must be mapped when the
 * host looks at it, as that of the page allocator always is.
 */
#define CHUNK_ORDER 4
#define CHUNK_SIZE (PAGE_SIZE << CHUNK_ORDER)

/**
 * struct direction - one way of the stream
 * @chunk: what is on its way between host and user space
 * @irq: the interrupt that says that the host may be asked again
 * @ready: it has come since the host was asked for the last time
 * @wait: who waits for it
 * @lock: one caller at a time
 */
struct direction {
	char *chunk;
	int irq;
	bool ready;
	wait_queue_head_t wait;
	struct mutex lock;
};

static struct direction inward;
static struct direction outward;

static irqreturn_t port_ready(int irq, void *data)
{
	struct direction *direction = data;

	WRITE_ONCE(direction->ready, true);
	wake_up_interruptible(&direction->wait);
	return IRQ_HANDLED;
}

/* Asks the host until it has an answer. It tells changes only once. */
static int ask(struct direction *direction, struct file *file,
	       int (*call)(char *chunk, int len), int len)
{
	for (;;) {
		int n;

		WRITE_ONCE(direction->ready, false);
		n = call(direction->chunk, len);
		if (n == -EINTR)
			continue;
		if (n != -EAGAIN)
			return n;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(direction->wait,
					     READ_ONCE(direction->ready)))
			return -ERESTARTSYS;
	}
}

static int host_read(char *chunk, int len)
{
	return os_read_file(fd, chunk, len);
}

static int host_write(char *chunk, int len)
{
	return os_write_file(fd, chunk, len);
}

static ssize_t port_read(struct file *file, char __user *to, size_t len,
			 loff_t *ppos)
{
	int n;

	if (mutex_lock_interruptible(&inward.lock))
		return -ERESTARTSYS;
	n = ask(&inward, file, host_read, min_t(size_t, len, CHUNK_SIZE));
	if (n > 0 && copy_to_user(to, inward.chunk, n))
		n = -EFAULT;
	mutex_unlock(&inward.lock);
	return n;
}

static ssize_t port_write(struct file *file, const char __user *from,
			  size_t len, loff_t *ppos)
{
	int n;

	len = min_t(size_t, len, CHUNK_SIZE);
	if (mutex_lock_interruptible(&outward.lock))
		return -ERESTARTSYS;
	if (copy_from_user(outward.chunk, from, len))
		n = -EFAULT;
	else
		n = ask(&outward, file, host_write, len);
	mutex_unlock(&outward.lock);
	return n;
}

static const struct file_operations port_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.read = port_read,
	.write = port_write,
};

static struct miscdevice port_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.fops = &port_fops,
};

static int direction_start(struct direction *direction, enum um_irq_type type)
{
	int irq;

	init_waitqueue_head(&direction->wait);
	mutex_init(&direction->lock);
	direction->chunk = (char *)__get_free_pages(GFP_KERNEL, CHUNK_ORDER);
	if (!direction->chunk)
		return -ENOMEM;
	irq = um_request_irq(UM_IRQ_ALLOC, fd, type, port_ready, 0,
			     KBUILD_MODNAME, direction);
	if (irq < 0) {
		free_pages((unsigned long)direction->chunk, CHUNK_ORDER);
		return irq;
	}
	direction->irq = irq;
	return 0;
}

static void direction_stop(struct direction *direction)
{
	um_free_irq(direction->irq, direction);
	free_pages((unsigned long)direction->chunk, CHUNK_ORDER);
}

static int __init port_init(void)
{
	int err = direction_start(&inward, IRQ_READ);

	if (err)
		return err;
	err = direction_start(&outward, IRQ_WRITE);
	if (err)
		goto stop_inward;
	err = misc_register(&port_device);
	if (err)
		goto stop_outward;
	return 0;

stop_outward:
	direction_stop(&outward);
stop_inward:
	direction_stop(&inward);
	return err;
}

static void __exit port_exit(void)
{
	misc_deregister(&port_device);
	direction_stop(&outward);
	direction_stop(&inward);
}

module_init(port_init);
module_exit(port_exit);

MODULE_DESCRIPTION("A file descriptor of the host as a character device");
MODULE_LICENSE("GPL");
