#include "backend.h"

#include "memory.h"

const struct backend *backend;
struct contract *device_contract;

void backend_setup(void)
{
	device_contract = memory_keep(sizeof(*device_contract));
}
