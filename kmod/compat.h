/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that differs between the supported kernels (5.10 and later).
 *
 * No other file may look at LINUX_VERSION_CODE, so that the modules read as if
 * they were written for the newest kernel alone.
 */
#ifndef MMAP_CONFORMANCE_COMPAT_H
#define MMAP_CONFORMANCE_COMPAT_H

#include <linux/mm.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "These modules support Linux 5.10 and later."
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
/*
 * Since 6.3 the flags of a mapping are read-only for drivers, and are changed
 * through this helper. Inside ->mmap() the caller holds mmap_lock for writing
 * on every version, so the plain assignment is as safe as the helper.
 */
static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}
#endif

#endif /* MMAP_CONFORMANCE_COMPAT_H */
