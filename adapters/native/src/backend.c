#include "backend.h"

const struct backend *backend;
struct contract device_contract;
