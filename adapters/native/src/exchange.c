#include "exchange.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "descriptors.h"

#ifndef SO_SNDBUFFORCE
#define SO_SNDBUFFORCE 32
#endif

/* Bytes; one message in flight is charged nearly a kilobyte, and a program has at most 10,000 operations. */
#define ROOM (16 << 20)

static int sending = -1;
static int receiving = -1;

/* Room for the header of one descriptor, aligned as the kernel wants it. */
union ancillary {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

bool exchange_setup(void)
{
	const int room = ROOM;
	int pair[2];

	descriptors_raise_limit(true);

	bool made = socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0;

	if (made) {
		sending = descriptors_adopt(pair[0]);
		receiving = descriptors_adopt(pair[1]);
	}
	descriptors_raise_limit(false);
	if (!made || sending < 0 || receiving < 0)
		return false;
	/* Without the privilege there is as much room as the system allows, some hundred messages. */
	if (setsockopt(sending, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) != 0)
		setsockopt(sending, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return true;
}

int exchange_send(int fd)
{
	char byte = 0;
	struct iovec text = { .iov_base = &byte, .iov_len = 1 };
	union ancillary ancillary;
	struct msghdr message = { .msg_iov = &text, .msg_iovlen = 1, .msg_control = &ancillary,
				  .msg_controllen = sizeof(ancillary) };

	memset(&ancillary, 0, sizeof(ancillary));
	ancillary.header =
		(struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(fd)) };
	memcpy(CMSG_DATA(&ancillary.header), &fd, sizeof(fd));
	/* How many may be in flight depends on the limit of descriptors, which is no business of this operation. */
	descriptors_raise_limit(true);

	ssize_t sent = sendmsg(sending, &message, MSG_NOSIGNAL);
	int saved = errno;

	descriptors_raise_limit(false);
	errno = saved;
	if (sent < 0)
		return -1;
	control->in_flight = true;
	return 0;
}

int exchange_receive(void)
{
	char byte;
	struct iovec text = { .iov_base = &byte, .iov_len = 1 };
	union ancillary ancillary;
	struct msghdr message = { .msg_iov = &text, .msg_iovlen = 1, .msg_control = &ancillary,
				  .msg_controllen = sizeof(ancillary) };
	int fd;

	memset(&ancillary, 0, sizeof(ancillary));
	if (recvmsg(receiving, &message, 0) < 0)
		return -1;
	if (message.msg_controllen < CMSG_LEN(sizeof(fd))) {
		errno = EMFILE;
		return -1;
	}
	memcpy(&fd, CMSG_DATA(&ancillary.header), sizeof(fd));
	return fd;
}

void exchange_drain(void)
{
	char byte;

	if (!control->in_flight)
		return;
	/* Without room for them the kernel drops the descriptors. */
	while (recv(receiving, &byte, 1, 0) >= 0 || errno == EINTR)
		;
	control->in_flight = false;
}
