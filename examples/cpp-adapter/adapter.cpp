// An adapter for mmap-conformance: a device in user space whose buffers are memfds. It was written against docs/protocol.md alone.
//
// The adapter itself is the driver, and keeps descriptors and open file descriptions. Each process of a program is a real process, a
// worker, in which mmap, munmap, mprotect, madvise, mlock, loads, stores and the like are performed by the kernel of this machine.

#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <map>
#include <memory>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

using std::string;
using u8 = uint8_t;
using u64 = uint64_t;
using i64 = int64_t;

constexpr u64 PAGE = 4096;
constexpr i64 ARENA_PAGES = 32;
constexpr i64 GUARD_PAGES = 16;
constexpr u64 ARENA = u64(1) << 44;  // a multiple of 2 MiB, far from where Linux maps by itself
constexpr u64 TASK = (u64(1) << 47) - PAGE;
constexpr u64 LONGEST = 1 << 17;  // bytes of one operation; the protocol has no more than 65536

// JSON

struct Json {
  enum Kind { Null, Boolean, Number, Text, List, Object } kind = Null;
  bool truth = false;
  string text;  // of a text, or of a number as it was written
  std::vector<Json> items;
  std::vector<std::pair<string, Json>> fields;

  const Json* find(const char* name) const {
    for (auto& field : fields)
      if (field.first == name) return &field.second;
    return nullptr;
  }
  const Json& at(const char* name) const {
    if (auto* found = find(name)) return *found;
    throw std::invalid_argument(string("there is no field \"") + name + "\"");
  }
  const string& str() const {
    if (kind != Text) throw std::invalid_argument("a text was expected");
    return text;
  }
  // A 64-bit register, whatever its sign.
  u64 reg() const {
    if ((kind != Number && kind != Text) || text.empty()) throw std::invalid_argument("a number was expected");
    return text[0] == '-' ? u64(strtoll(text.c_str(), nullptr, 10)) : strtoull(text.c_str(), nullptr, 10);
  }
  i64 num() const { return i64(reg()); }
  bool is(const char* word) const { return kind == Text && text == word; }
};

class Parser {
  const string& s;
  size_t i = 0;

  [[noreturn]] void fail(const char* what) { throw std::runtime_error(string(what) + " at character " + std::to_string(i)); }
  void space() {
    while (i < s.size() && strchr(" \t\r\n", s[i])) i++;
  }
  void utf8(string& out, unsigned c) {
    if (c < 0x80) {
      out += char(c);
    } else if (c < 0x800) {
      out += char(0xC0 | c >> 6);
      out += char(0x80 | (c & 63));
    } else {
      out += char(0xE0 | c >> 12);
      out += char(0x80 | (c >> 6 & 63));
      out += char(0x80 | (c & 63));
    }
  }
  string quoted() {
    string out;
    for (i++;; i++) {
      if (i >= s.size()) fail("a text without end");
      if (s[i] == '"') return i++, out;
      if (s[i] != '\\') {
        out += s[i];
        continue;
      }
      if (++i >= s.size()) fail("a text without end");
      switch (s[i]) {
        case 'n': out += '\n'; break;
        case 't': out += '\t'; break;
        case 'r': out += '\r'; break;
        case 'b': out += '\b'; break;
        case 'f': out += '\f'; break;
        case 'u':
          if (i + 4 >= s.size()) fail("a text without end");
          utf8(out, unsigned(strtoul(s.substr(i + 1, 4).c_str(), nullptr, 16)));
          i += 4;
          break;
        default: out += s[i];
      }
    }
  }
  bool word(const char* name) {
    if (s.compare(i, strlen(name), name)) return false;
    i += strlen(name);
    return true;
  }
  Json value() {
    Json v;
    space();
    if (i >= s.size()) fail("nothing");
    if (s[i] == '"') {
      v.kind = Json::Text;
      v.text = quoted();
    } else if (s[i] == '[') {
      v.kind = Json::List;
      i++;
      space();
      if (i < s.size() && s[i] == ']') return i++, v;
      for (;;) {
        v.items.push_back(value());
        space();
        if (i < s.size() && s[i] == ',') i++;
        else if (i < s.size() && s[i] == ']') return i++, v;
        else fail("no end of the list");
      }
    } else if (s[i] == '{') {
      v.kind = Json::Object;
      i++;
      space();
      if (i < s.size() && s[i] == '}') return i++, v;
      for (;;) {
        space();
        if (i >= s.size() || s[i] != '"') fail("no name");
        string name = quoted();
        space();
        if (i >= s.size() || s[i++] != ':') fail("no colon");
        v.fields.emplace_back(name, value());
        space();
        if (i < s.size() && s[i] == ',') i++;
        else if (i < s.size() && s[i] == '}') return i++, v;
        else fail("no end of the object");
      }
    } else if (word("true")) {
      v.kind = Json::Boolean;
      v.truth = true;
    } else if (word("false")) {
      v.kind = Json::Boolean;
    } else if (word("null")) {
    } else {
      size_t from = i;
      while (i < s.size() && strchr("+-0123456789.eE", s[i])) i++;
      if (from == i) fail("something unexpected");
      v.kind = Json::Number;
      v.text = s.substr(from, i - from);
    }
    return v;
  }

 public:
  explicit Parser(const string& line) : s(line) {}
  Json parse() {
    Json v = value();
    space();
    if (i < s.size()) fail("something behind the end");
    return v;
  }
};

string quote(const string& text) {
  string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (u8(c) < 32) {
      char code[8];
      snprintf(code, sizeof code, "\\u%04x", c);
      out += code;
    } else {
      out += c;
    }
  }
  return out + '"';
}

string hex(const u8* bytes, size_t length) {
  string out;
  bool literal = false;
  for (size_t i = 0; i < length;) {
    size_t run = 1;
    while (i + run < length && bytes[i + run] == bytes[i]) run++;
    char code[4];
    snprintf(code, sizeof code, "%02x", bytes[i]);
    if (run >= 4) {
      if (!out.empty()) out += ',';
      out += code + ('*' + std::to_string(run));
      literal = false;
    } else {
      if (!out.empty() && !literal) out += ',';
      for (size_t k = 0; k < run; k++) out += code;
      literal = true;
    }
    i += run;
  }
  return out;
}

void say(const string& line) {
  string whole = line + '\n';
  for (size_t done = 0; done < whole.size();) {
    ssize_t n = write(1, whole.data() + done, whole.size() - done);
    if (n > 0) done += size_t(n);
    else if (errno != EINTR) exit(1);
  }
}

// The workers: processes that do what is told in the shared block, one at a time.

enum class Do { Map, Unmap, Protect, Advise, Lock, Unlock, Load, Store, VmRead, VmWrite, MemRead, MemWrite, Fork, Exit };

struct Shared {
  Do what;
  u64 at, length, offset;
  int prot, flags;
  bool isFirst;  // Each page shows the first one of the file.
  bool hasFlags;  // It is mlock2, not mlock.
  pid_t pid;
  i64 ret;
  int error, signal, code;
  u64 fault;
  u8 bytes[LONGEST];
};

Shared* shared;

bool sendByte(int channel, int fd) {
  char byte = 0;
  iovec io{&byte, 1};
  msghdr message{};
  message.msg_iov = &io;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
  }
  return sendmsg(channel, &message, MSG_NOSIGNAL) == 1;
}

bool receiveByte(int channel, int* fd) {
  char byte;
  iovec io{&byte, 1};
  msghdr message{};
  message.msg_iov = &io;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n;
  while ((n = recvmsg(channel, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (n != 1) return false;
  *fd = -1;
  if (cmsghdr* head = CMSG_FIRSTHDR(&message)) memcpy(fd, CMSG_DATA(head), sizeof *fd);
  return true;
}

sigjmp_buf beforeFault;

void onFault(int signal, siginfo_t* info, void*) {
  shared->signal = signal;
  shared->code = info->si_code;
  shared->fault = u64(info->si_addr);
  siglongjmp(beforeFault, 1);
}

[[noreturn]] void work(int channel) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  for (int fd;;) {
    if (!receiveByte(channel, &fd)) _exit(0);
    Shared& c = *shared;
    c.error = c.signal = 0;
    auto* memory = reinterpret_cast<u8*>(c.at);
    switch (c.what) {
      case Do::Map:
        if (c.isFirst) {
          c.ret = i64(c.at);
          for (u64 page = 0; page < c.length && c.ret != -1; page += PAGE)
            c.ret = i64(mmap(memory + page, PAGE, c.prot, c.flags, fd, 0));
        } else {
          c.ret = i64(mmap(memory, c.length, c.prot, c.flags, fd, off_t(c.offset)));
        }
        break;
      case Do::Unmap: c.ret = munmap(memory, c.length); break;
      case Do::Protect: c.ret = mprotect(memory, c.length, c.prot); break;
      case Do::Advise: c.ret = madvise(memory, c.length, c.flags); break;
      case Do::Lock: c.ret = c.hasFlags ? mlock2(memory, c.length, unsigned(c.flags)) : mlock(memory, c.length); break;
      case Do::Unlock: c.ret = munlock(memory, c.length); break;
      case Do::Load:
      case Do::Store: {
        static volatile u64 done;
        done = 0;
        if (!sigsetjmp(beforeFault, 1)) {
          auto* there = const_cast<volatile u8*>(memory);
          for (; done < c.length; done = done + 1) {
            if (c.what == Do::Load) c.bytes[done] = there[done];
            else there[done] = c.bytes[done];
          }
        }
        c.ret = i64(done);
        break;
      }
      case Do::VmRead:
      case Do::VmWrite: {
        iovec here{c.bytes, c.length}, there{memory, c.length};
        auto call = c.what == Do::VmRead ? process_vm_readv : process_vm_writev;
        c.ret = call(c.pid, &here, 1, &there, 1, 0);
        break;
      }
      case Do::MemRead:
      case Do::MemWrite: {
        char path[40];
        snprintf(path, sizeof path, "/proc/%d/mem", c.pid);
        int file = open(path, O_RDWR | O_CLOEXEC);
        c.ret = c.what == Do::MemRead ? pread(file, c.bytes, c.length, off_t(c.at)) : pwrite(file, c.bytes, c.length, off_t(c.at));
        int kept = errno;
        close(file);
        errno = kept;
        break;
      }
      case Do::Fork: {
        // The child's parent is the adapter, which waits for it.
        long child = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
        if (child == 0) {
          close(channel);
          work(fd);
        }
        c.ret = child;
        break;
      }
      case Do::Exit: _exit(0);
    }
    if (c.ret == -1) c.error = errno;
    if (fd >= 0) close(fd);
    if (!sendByte(channel, -1)) _exit(0);
  }
}

// The device

struct Contract {
  bool proc = false, perDescription = false, first = false, positioned = false, merges = false, special = false, refusesPrivate = false;
  bool reads = false, writes = false, honoured = false, returnsLength = false, endIsError = false;
  string range, refusal = "EINVAL", initial;
  i64 pages = 0, readSize = 0, writeSize = 0;
  int others = 6;  // what others than root may do with the node
};

struct Buffer {
  int fd;
  Buffer(const Contract& contract) : fd(memfd_create("buffer", MFD_CLOEXEC)) {
    if (fd < 0 || ftruncate(fd, off_t(contract.pages * i64(PAGE)))) throw std::runtime_error("there is no memory for a buffer");
    reset(contract);
  }
  Buffer(const Buffer&) = delete;
  ~Buffer() { close(fd); }
  void reset(const Contract& contract) {
    std::vector<u8> bytes(size_t(contract.pages) * PAGE);
    memcpy(bytes.data(), contract.initial.data(), contract.initial.size());
    put(bytes.data(), bytes.size(), 0);
  }
  void put(const u8* from, size_t length, u64 at) {
    if (length && pwrite(fd, from, length, off_t(at)) != ssize_t(length)) throw std::runtime_error("the buffer cannot be written");
  }
  void get(u8* to, size_t length, u64 at) {
    if (length && pread(fd, to, length, off_t(at)) != ssize_t(length)) throw std::runtime_error("the buffer cannot be read");
  }
};

// An open file description.
struct Description {
  std::shared_ptr<Buffer> buffer;
  int file = -1;  // the buffer, opened with the same access mode: the kernel checks what may be mapped
  bool readable = false, writable = false, path = false;
  u64 position = 0;
  Description() = default;
  Description(const Description&) = delete;
  ~Description() {
    if (file >= 0) close(file);
  }
};

using Descriptor = std::shared_ptr<Description>;

// Of what a page of the arena is a mapping.
struct PageEntry {
  Descriptor of;  // none: nothing is mapped here
};

struct Process {
  pid_t pid;
  int channel;
  std::vector<Descriptor> descriptors;
  std::vector<PageEntry> pages = std::vector<PageEntry>(size_t(ARENA_PAGES));
};

struct Skip {
  string reason;
};

// What an operation yields.
struct Outcome {
  string json;
};

Outcome returned(i64 value) { return {"{\"ret\":" + std::to_string(value) + "}"}; }
Outcome returnedData(i64 value, const u8* bytes, size_t length) {
  return {"{\"ret\":" + std::to_string(value) + ",\"data\":\"" + hex(bytes, length) + "\"}"};
}
Outcome failed(const string& name) { return {"{\"errno\":" + quote(name) + "}"}; }
string nameOf(int number) {
  const char* name = number == EOPNOTSUPP ? "EOPNOTSUPP" : strerrorname_np(number);
  return name ? name : "EUNKNOWN";
}
Outcome failed(int number) { return failed(nameOf(number)); }

const char* const OPERATIONS =
    R"(["open","close","dup","dup2","send","receive","read","pread","readv","preadv2","write","pwrite","writev","pwritev2",)"
    R"("read_into","write_from","lseek","mmap","munmap","mprotect","madvise","mlock","munlock","load","store","vm_read","vm_write","mem_read","mem_write",)"
    R"("fork","exit","checkpoint","reload"])";

class Runner {
  const Contract& contract;
  std::map<string, Process> processes;
  std::vector<string> order;
  std::map<string, i64> descriptorVariables;
  std::map<string, u64> mappingVariables;
  std::deque<Descriptor> queue;
  std::shared_ptr<Buffer> device;
  Process* actor = nullptr;

  // Workers

  Shared& perform(Process& process, Do what, int fd = -1) {
    shared->what = what;
    int nothing;
    if (!sendByte(process.channel, fd) || !receiveByte(process.channel, &nothing))
      throw std::runtime_error("the process of the program has died");
    return *shared;
  }

  static void pairOf(int* ends) {
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) throw std::runtime_error("there is no socket");
  }

  void end(Process& process) {
    shared->what = Do::Exit;
    sendByte(process.channel, -1);
    close(process.channel);
    waitpid(process.pid, nullptr, 0);
  }

  // Descriptors

  Descriptor lookup(i64 number) const {
    auto& all = actor->descriptors;
    return number >= 0 && number < i64(all.size()) ? all[size_t(number)] : nullptr;
  }
  i64 number(const Json& op, const char* field = "fd") const {
    auto found = descriptorVariables.find(op.at(field).str());
    return found == descriptorVariables.end() ? -1 : found->second;
  }
  // What most calls see: one from O_PATH is as good as closed.
  Descriptor file(const Json& op) const {
    auto found = lookup(number(op));
    return found && found->path ? nullptr : found;
  }
  Outcome install(const Json& op, const Descriptor& what) {
    auto& all = actor->descriptors;
    size_t free = 0;
    while (free < all.size() && all[free]) free++;
    if (free == all.size()) all.emplace_back();
    all[free] = what;
    descriptorVariables[op.at("to").str()] = i64(free);
    return returned(i64(free));
  }
  static bool has(const Json& op, const char* flag) {
    if (auto* flags = op.find("flags"))
      for (auto& item : flags->items)
        if (item.is(flag)) return true;
    return false;
  }

  Outcome open(const Json& op) {
    auto made = std::make_shared<Description>();
    const string& access = op.at("access").str();
    if (has(op, "path")) {
      if (has(op, "directory")) return failed("ENOTDIR");
      made->path = true;
      return install(op, made);
    }
    if (has(op, "creat") && has(op, "directory")) return failed("EINVAL");
    if (has(op, "creat") && has(op, "excl")) return failed("EEXIST");
    if (has(op, "directory")) return failed("ENOTDIR");
    auto* user = op.find("user");
    if (user && user->is("nobody")) {
      int needed = access == "ro" ? 4 : access == "wo" ? 2 : 6;
      if (has(op, "trunc")) needed |= 2;
      if ((contract.others & needed) != needed) return failed("EACCES");
      if (has(op, "noatime")) return failed("EPERM");
    }
    if (has(op, "direct")) return failed("EINVAL");
    made->readable = access == "ro" || access == "rw";
    made->writable = access == "wo" || access == "rw";
    made->buffer = contract.perDescription ? std::make_shared<Buffer>(contract) : device;
    string path = "/proc/self/fd/" + std::to_string(made->buffer->fd);
    if (made->readable || made->writable) {
      made->file = ::open(path.c_str(), O_CLOEXEC | (access == "ro" ? O_RDONLY : access == "wo" ? O_WRONLY : O_RDWR));
      if (made->file < 0) throw std::runtime_error("the buffer cannot be opened again");
    }
    return install(op, made);
  }

  Outcome dup2(const Json& op) {
    i64 from = number(op), onto = number(op, "onto");
    auto what = lookup(from);
    if (from == onto) {
      if (op.at("call").is("dup3")) return failed("EINVAL");
      if (!what) return failed("EBADF");
    }
    if (onto < 0 || !what) return failed("EBADF");
    auto& all = actor->descriptors;
    if (onto >= i64(all.size())) all.resize(size_t(onto) + 1);
    all[size_t(onto)] = what;
    descriptorVariables[op.at("to").str()] = onto;
    return returned(onto);
  }

  // Transfers

  struct Transfer {
    i64 ret;
    int error;
  };

  // The driver's read: what it copies goes to `take`, which says whether it could.
  template <typename Take>
  Transfer driverRead(Description& d, u64 length, u64* position, Take take) {
    if (*position >= u64(contract.readSize)) return {0, 0};
    u64 n = std::min(length, u64(contract.readSize) - *position);
    std::vector<u8> bytes(n);
    d.buffer->get(bytes.data(), n, *position);
    if (n && !take(bytes.data(), n)) return {-1, EFAULT};
    *position += n;
    return {i64(n), 0};
  }
  // The driver's write: `give` fills in the bytes that it can have, and says how many.
  template <typename Give>
  Transfer driverWrite(Description& d, u64 length, u64* position, Give give) {
    u64 at = contract.honoured ? *position : 0;
    if (contract.honoured && at >= u64(contract.writeSize)) return contract.endIsError ? Transfer{-1, ENOSPC} : Transfer{0, 0};
    u64 n = std::min(length, u64(contract.writeSize) - at);
    std::vector<u8> bytes(n);
    bool whole = !n || give(bytes.data(), n) == n;
    d.buffer->put(bytes.data(), n, at);
    if (!whole) return {-1, EFAULT};
    if (contract.honoured) *position += n;
    return {i64(contract.returnsLength ? length : n), 0};
  }

  // What the kernel checks before it calls the driver; `length` is that of all segments.
  int checkTransfer(const Description* d, bool writes, const i64* offset, u64 length, bool vector, bool badPointer) const {
    if (!d) return EBADF;
    if (offset && !contract.positioned) return ESPIPE;
    if (!(writes ? d->writable : d->readable)) return EBADF;
    if (!(writes ? contract.writes : contract.reads)) return EINVAL;
    if (vector && length == 0) return -1;  // nothing to be done
    if (badPointer) return EFAULT;
    u64 from = offset ? u64(*offset) : d->position;
    if (i64(from + length) < 0) return EINVAL;
    return 0;
  }

  static std::vector<u8> bytesOf(const Json& data) {
    const string& text = data.at("text").str();
    std::vector<u8> bytes(data.at("length").reg());
    for (size_t i = 0; i < bytes.size(); i++) bytes[i] = u8(text[i % text.size()]);
    return bytes;
  }

  Outcome transfer(const Json& op, bool writes, bool vector) {
    i64 offset = 0;
    bool hasOffset = op.find("offset");
    if (hasOffset) {
      offset = op.at("offset").num();
      if (vector && offset == -1) hasOffset = false;
      else if (offset < 0) return failed("EINVAL");
    }
    std::vector<std::vector<u8>> segments;
    if (writes && vector)
      for (auto& segment : op.at("segments").items) segments.push_back(bytesOf(segment));
    else if (writes)
      segments.push_back(bytesOf(op.at("data")));
    else if (vector)
      for (auto& length : op.at("lengths").items) segments.emplace_back(length.reg());
    else
      segments.emplace_back(op.at("length").reg());
    u64 total = 0;
    for (auto& segment : segments) total += segment.size();

    auto d = file(op);
    int error = checkTransfer(d.get(), writes, hasOffset ? &offset : nullptr, total, vector, false);
    if (error > 0) return failed(error);
    std::vector<u8> got;
    if (error < 0) return writes ? returned(0) : returnedData(0, nullptr, 0);
    if (vector)
      if (auto* flags = op.find("flags"))
        for (auto& flag : flags->items)
          if (!flag.is("hipri")) return failed("EOPNOTSUPP");

    u64 own = u64(offset);
    u64* position = hasOffset ? &own : &d->position;
    i64 sum = 0;
    for (size_t i = 0; i < segments.size(); i++) {
      auto& segment = segments[i];
      if (i > 0 && segment.empty()) continue;  // an empty segment counts only at the beginning
      Transfer one = writes ? driverWrite(*d, segment.size(), position,
                                          [&](u8* to, u64 n) {
                                            memcpy(to, segment.data(), n);
                                            return n;
                                          })
                            : driverRead(*d, segment.size(), position, [&](const u8* from, u64 n) {
                                got.insert(got.end(), from, from + n);
                                return true;
                              });
      if (one.error) {
        if (!sum) return failed(one.error);
        break;
      }
      sum += one.ret;
      if (one.ret != i64(segment.size())) break;
    }
    return writes ? returned(sum) : returnedData(sum, got.data(), got.size());
  }

  Outcome transferMemory(const Json& op, bool writes) {
    const Json& at = op.at("at");
    const Json* wild = at.find("wild");
    u64 length = op.at("length").reg();
    u64 address = 0;
    if (!wild) address = addressOf(at);
    i64 offset = 0;
    bool hasOffset = op.find("offset");
    if (hasOffset && (offset = op.at("offset").num()) < 0) return failed("EINVAL");
    auto d = file(op);
    int error = checkTransfer(d.get(), writes, hasOffset ? &offset : nullptr, length, false, wild && !wild->is("null"));
    if (error) return failed(error);
    u64 own = u64(offset);
    u64* position = hasOffset ? &own : &d->position;
    Transfer done = writes ? driverWrite(*d, length, position,
                                         [&](u8* to, u64 n) -> u64 {
                                           if (wild) return 0;
                                           shared->at = address;
                                           shared->length = n;
                                           u64 copied = u64(perform(*actor, Do::Load).ret);
                                           memcpy(to, shared->bytes, copied);
                                           return copied;
                                         })
                           : driverRead(*d, length, position, [&](const u8* from, u64 n) {
                               if (wild) return false;
                               shared->at = address;
                               shared->length = n;
                               memcpy(shared->bytes, from, n);
                               return u64(perform(*actor, Do::Store).ret) == n;
                             });
    return done.error ? failed(done.error) : returned(done.ret);
  }

  // Mappings

  u64 addressOf(const Json& at) const {
    if (auto* arena = at.find("arena")) return ARENA + arena->reg();
    return mappingVariables.at(at.at("map").str()) + at.at("offset").reg();
  }
  static i64 pageOf(u64 address) { return i64(address - ARENA) >> 12; }
  bool bound(const Json& at) const {
    auto* map = at.find("map");
    return !map || mappingVariables.count(map->str());
  }
  // Whether a range lies in the arena, by the rules of the protocol. There is no zone: what does not fit is ENOMEM.
  static bool safe(u64 address, u64 length, bool absurdIsOneByte) {
    if (((length + PAGE - 1) & ~(PAGE - 1)) == 0) length = 1;
    if (length >= u64(1) << 47) {
      if (!absurdIsOneByte) return false;
      length = 1;
    }
    i64 from = i64(address - ARENA);
    if (from < 0 || from >= ARENA_PAGES * i64(PAGE)) return false;
    return u64(from) + length <= u64(ARENA_PAGES) * PAGE;
  }
  static int protOf(const string& word) {
    return (word[0] == 'r' ? PROT_READ : 0) | (word[1] == 'w' ? PROT_WRITE : 0) | (word[2] == 'x' ? PROT_EXEC : 0);
  }
  bool isFree(i64 page, i64 count) const {
    for (i64 i = page; i < page + count; i++)
      if (actor->pages[size_t(i)].of) return false;
    return true;
  }
  i64 search(u64 count) const {
    if (count <= u64(ARENA_PAGES))
      for (i64 page = ARENA_PAGES - i64(count); page >= 0; page--)
        if (isFree(page, i64(count))) return page;
    return -1;
  }

  Outcome map(const Json& op) {
    u64 length = op.at("length").reg(), offset = op.at("offset").reg();
    int prot = protOf(op.at("prot").str());
    const string& type = op.at("type").str();
    const Json* place = op.find("place");
    string how = place ? place->at("how").str() : "";
    bool fixed = how == "fixed" || how == "noreplace";
    u64 at = place ? addressOf(place->at("at")) : 0;

    if (offset % PAGE) return failed("EINVAL");
    auto d = file(op);
    if (!d) return failed("EBADF");
    if (!length) return failed("EINVAL");
    length = (length + PAGE - 1) & ~(PAGE - 1);
    if (!length || length > TASK) return failed("ENOMEM");
    u64 count = length / PAGE;
    i64 page = -1;
    if (fixed) {
      if (at > TASK - length) return failed("ENOMEM");
      if (at % PAGE) return failed("EINVAL");
      page = pageOf(at);
      if (how == "noreplace" && !isFree(page, i64(count))) return failed("EEXIST");
    } else {
      if (place && safe(at, length, false) && isFree(pageOf(at), i64(count))) page = pageOf(at);
      else page = search(count);
      if (page < 0) return failed("ENOMEM");
    }
    u64 largest = contract.proc ? u64(INT64_MAX) : UINT64_MAX;
    if (length > largest || offset / PAGE > (largest - length) / PAGE) return failed("EOVERFLOW");
    bool isShared = type == "shared" || type == "validate";
    if (type == "validate" && how == "noreplace") return failed("EOPNOTSUPP");
    if (isShared && (prot & PROT_WRITE) && !d->writable) return failed("EACCES");
    if (!isShared && type != "private") return failed("EINVAL");
    if (!d->readable) return failed("EACCES");
    if (contract.proc && (prot & PROT_EXEC)) return failed("EPERM");

    // From here on what was there is gone, also if the driver refuses.
    auto& pages = actor->pages;
    if (fixed) unmapPages(page, i64(count));
    u64 firstPage = offset / PAGE;
    bool taken = contract.range == "any" || (contract.range == "buffer" && firstPage + count <= u64(contract.pages)) ||
                 (contract.range == "whole" && firstPage == 0 && count == u64(contract.pages));
    if (contract.refusesPrivate && !isShared) taken = false;
    if (!taken && !contract.merges) return failed(contract.refusal);

    shared->at = ARENA + u64(page) * PAGE;
    shared->length = length;
    shared->offset = offset;
    shared->prot = prot;
    shared->flags = MAP_FIXED | (isShared ? MAP_SHARED : MAP_PRIVATE);
    shared->isFirst = contract.first;
    perform(*actor, Do::Map, d->file);
    // What the driver refuses succeeds all the same where it continues a neighbour, for then the driver is not asked: the kernel knows.
    if (shared->error) return failed(!taken ? contract.refusal : nameOf(shared->error));
    if (!taken && standsAlone(page, i64(count))) {
      unmapPages(page, i64(count));
      return failed(contract.refusal);
    }
    for (u64 i = 0; i < count; i++) pages[size_t(page) + i].of = d;
    mappingVariables[op.at("to").str()] = ARENA + u64(page) * PAGE;
    return returned(page);
  }

  // The areas of a process in the arena, as the kernel has them: first page and the one behind the last.
  static std::vector<std::pair<i64, i64>> areas(const Process& process) {
    std::vector<std::pair<i64, i64>> found;
    string path = "/proc/" + std::to_string(process.pid) + "/maps";
    FILE* maps = fopen(path.c_str(), "re");
    if (!maps) throw std::runtime_error("there is no " + path);
    char line[4400];
    unsigned long from, to;
    while (fgets(line, sizeof line, maps))
      if (sscanf(line, "%lx-%lx", &from, &to) == 2 && from >= ARENA && to <= ARENA + ARENA_PAGES * PAGE)
        found.emplace_back(pageOf(from), pageOf(to));
    fclose(maps);
    return found;
  }
  // Whether these pages, which are mapped, have become no part of a larger area.
  bool standsAlone(i64 page, i64 count) const {
    for (auto& area : areas(*actor))
      if (area.first == page && area.second == page + count) return true;
    return false;
  }
  // Forgets what is no longer mapped.
  static void forget(Process& process) {
    std::vector<bool> mapped(static_cast<size_t>(ARENA_PAGES));
    for (auto& area : areas(process))
      for (i64 page = area.first; page < area.second; page++) mapped[size_t(page)] = true;
    for (size_t page = 0; page < mapped.size(); page++)
      if (!mapped[page]) process.pages[page] = {};
  }

  void unmapPages(i64 page, i64 count) {
    shared->at = ARENA + u64(page) * PAGE;
    shared->length = u64(count) * PAGE;
    perform(*actor, Do::Unmap);
    for (i64 i = page; i < page + count; i++) actor->pages[size_t(i)] = {};
  }

  Outcome unmap(const Json& op) {
    shared->at = addressOf(op.at("at"));
    shared->length = op.at("length").reg();
    perform(*actor, Do::Unmap);
    if (shared->error) return failed(shared->error);
    i64 page = pageOf(shared->at);
    u64 count = (shared->length + PAGE - 1) / PAGE;
    for (u64 i = 0; i < count; i++) actor->pages[size_t(page) + i] = {};
    return returned(0);
  }

  Outcome protect(const Json& op) {
    u64 at = addressOf(op.at("at")), length = op.at("length").reg();
    int prot = protOf(op.at("prot").str());
    // A memfd can be executed, a file of proc cannot; the kernel says what else there is to say.
    if (contract.proc && (prot & PROT_EXEC) && at % PAGE == 0 && length && length + PAGE - 1 >= length &&
        actor->pages[size_t(pageOf(at))].of)
      return failed("EACCES");
    shared->at = at;
    shared->length = length;
    shared->prot = prot;
    perform(*actor, Do::Protect);
    return shared->error ? failed(shared->error) : returned(0);
  }

  Outcome advise(const Json& op) {
    // What is missing here would do something else to a memfd than to a device, or harm the machine.
    static const std::map<string, int> known = {
        {"normal", 0},      {"random", 1},     {"sequential", 2},     {"willneed", 3},       {"dontneed", 4},
        {"free", 8},        {"dontfork", 10},  {"dofork", 11},        {"mergeable", 12},     {"unmergeable", 13},
        {"hugepage", 14},   {"nohugepage", 15}, {"dontdump", 16},     {"dodump", 17},        {"wipeonfork", 18},
        {"keeponfork", 19}, {"cold", 20},      {"pageout", 21},       {"populate_read", 22}, {"populate_write", 23},
        {"dontneed_locked", 24}, {"guard_install", 102}, {"guard_remove", 103}, {"unknown", 0x7ffffff}};
    const string& name = op.at("advice").str();
    auto advice = known.find(name);
    if (advice == known.end()) throw Skip{"the advice " + name + " is not given by this adapter"};
    if (contract.special && (name == "dodump" || name == "guard_install" || name == "guard_remove"))
      throw Skip{"the advice " + name + " is not given by this adapter where areas have VM_DONTEXPAND"};
    shared->at = addressOf(op.at("at"));
    shared->length = op.at("length").reg();
    shared->flags = advice->second;
    perform(*actor, Do::Advise);
    return shared->error ? failed(shared->error) : returned(0);
  }

  Outcome lock(const Json& op, bool locks) {
    shared->at = addressOf(op.at("at"));
    shared->length = op.at("length").reg();
    // An area with VM_DONTEXPAND is never locked, not even on fault: its pages are only brought in.
    shared->flags = has(op, "onfault") && !contract.special ? int(MLOCK_ONFAULT) : 0;
    if (has(op, "unknown")) shared->flags |= 128;
    shared->hasFlags = op.find("flags") != nullptr;
    perform(*actor, locks ? Do::Lock : Do::Unlock);
    int error = shared->error;
    if (locks && contract.special) perform(*actor, Do::Unlock);
    return error ? failed(error) : returned(0);
  }

  // Memory

  Outcome access(const Json& op, bool stores) {
    u64 at = addressOf(op.at("at"));
    shared->at = at;
    if (stores) {
      auto bytes = bytesOf(op.at("data"));
      shared->length = bytes.size();
      memcpy(shared->bytes, bytes.data(), bytes.size());
    } else {
      shared->length = op.at("length").reg();
    }
    perform(*actor, stores ? Do::Store : Do::Load);
    i64 done = shared->ret;
    if (!shared->signal) return stores ? returned(done) : returnedData(done, shared->bytes, size_t(done));
    const char* code = shared->signal == SIGBUS           ? (shared->code == BUS_ADRERR ? "ADRERR" : "OTHER")
                       : shared->code == SEGV_MAPERR ? "MAPERR"
                       : shared->code == SEGV_ACCERR ? "ACCERR"
                       : shared->code == SEGV_PKUERR ? "PKUERR"
                                                     : "OTHER";
    string json = string("{\"signal\":\"") + (shared->signal == SIGBUS ? "SIGBUS" : "SIGSEGV") + "\",\"code\":\"" + code +
                  "\",\"at\":" + std::to_string(i64(shared->fault - at));
    if (!stores) json += ",\"data\":\"" + hex(shared->bytes, size_t(done)) + "\"";
    return {json + "}"};
  }

  Outcome remote(const Json& op, Do what) {
    bool writes = what == Do::VmWrite || what == Do::MemWrite;
    shared->at = addressOf(op.at("at"));
    shared->pid = processes.at(op.at("of").str()).pid;
    if (writes) {
      auto bytes = bytesOf(op.at("data"));
      shared->length = bytes.size();
      memcpy(shared->bytes, bytes.data(), bytes.size());
    } else {
      shared->length = op.at("length").reg();
    }
    perform(*actor, what);
    if (shared->error) return failed(shared->error);
    return writes ? returned(shared->ret) : returnedData(shared->ret, shared->bytes, size_t(shared->ret));
  }

  // Processes

  Outcome fork(const Json& op) {
    int ends[2];
    pairOf(ends);
    Process child = *actor;
    perform(*actor, Do::Fork, ends[1]);
    close(ends[1]);
    if (shared->error) throw std::runtime_error("a process cannot fork");
    child.pid = pid_t(shared->ret);
    child.channel = ends[0];
    const string& name = op.at("to").str();
    forget(child);
    processes[name] = std::move(child);
    order.push_back(name);
    return returned(0);
  }

  Outcome exit(const string& name) {
    end(processes.at(name));
    processes.erase(name);
    for (size_t i = 0; i < order.size(); i++)
      if (order[i] == name) order.erase(order.begin() + long(i--));
    return returned(0);
  }

  Outcome reload() {
    bool used = false;
    for (auto& process : processes) {
      for (auto& d : process.second.descriptors) used = used || (d && !d->path);
      for (auto& page : process.second.pages) used = used || page.of;
    }
    for (auto& d : queue) used = used || !d->path;
    if (used) return failed("EAGAIN");
    if (device) device->reset(contract);
    return returned(0);
  }

  Outcome operation(const Json& op) {
    const string& name = op.at("op").str();
    if (!strstr(OPERATIONS, ('"' + name + '"').c_str())) throw Skip{name + " is not performed by this adapter"};
    if (op.find("fail")) throw Skip{"nothing can be made to fail by this adapter"};
    auto process = processes.find(op.at("actor").str());
    if (process == processes.end()) return {"{\"none\":\"unbound\"}"};
    actor = &process->second;

    auto* at = op.find("at");
    auto* place = op.find("place");
    if (place && place->find("at")) place = place->find("at");
    if ((at && !bound(*at)) || (place && !bound(*place))) return {"{\"none\":\"unbound\"}"};
    if (auto* of = op.find("of"))
      if (!processes.count(of->str())) return {"{\"none\":\"unbound\"}"};
    auto* length = op.find("length");
    if (auto* data = op.find("data")) length = data->find("length");
    bool absurd = name == "mmap" || name == "munmap";
    if ((at && !at->find("wild") && !safe(addressOf(*at), length->reg(), absurd)) ||
        (place && !safe(addressOf(*place), length->reg(), absurd)))
      return {"{\"none\":\"unsafe\"}"};

    if (name == "open") return open(op);
    if (name == "close") {
      if (!lookup(number(op))) return failed("EBADF");
      actor->descriptors[size_t(number(op))] = nullptr;
      return returned(0);
    }
    if (name == "dup") {
      auto d = lookup(number(op));
      return d ? install(op, d) : failed("EBADF");
    }
    if (name == "dup2") return dup2(op);
    if (name == "send") {
      auto d = lookup(number(op));
      if (!d) return failed("EBADF");
      queue.push_back(d);
      return returned(0);
    }
    if (name == "receive") {
      if (queue.empty()) return failed("EAGAIN");
      auto d = queue.front();
      queue.pop_front();
      return install(op, d);
    }
    if (name == "read" || name == "pread") return transfer(op, false, false);
    if (name == "readv" || name == "preadv2") return transfer(op, false, true);
    if (name == "write" || name == "pwrite") return transfer(op, true, false);
    if (name == "writev" || name == "pwritev2") return transfer(op, true, true);
    if (name == "read_into") return transferMemory(op, false);
    if (name == "write_from") return transferMemory(op, true);
    if (name == "lseek") {
      if (!file(op)) return failed("EBADF");
      return failed(op.at("whence").is("bad") ? "EINVAL" : "ESPIPE");
    }
    if (name == "mmap") {
      auto* flags = op.find("flags");
      if (flags && !flags->items.empty()) throw Skip{"flags of mmap are not known to this adapter"};
      return map(op);
    }
    if (name == "munmap") return unmap(op);
    if (name == "mprotect") return protect(op);
    if (name == "madvise") return advise(op);
    if (name == "mlock" || name == "munlock") return lock(op, name == "mlock");
    if (name == "load") return access(op, false);
    if (name == "store") return access(op, true);
    if (name == "vm_read") return remote(op, Do::VmRead);
    if (name == "vm_write") return remote(op, Do::VmWrite);
    if (name == "mem_read") return remote(op, Do::MemRead);
    if (name == "mem_write") return remote(op, Do::MemWrite);
    if (name == "fork") return fork(op);
    if (name == "exit") return exit(op.at("actor").str());
    if (name == "checkpoint") return returned(0);
    if (name == "reload") return reload();
    throw std::logic_error(name + " is claimed, but not performed");
  }

 public:
  size_t step = 0;

  explicit Runner(const Contract& c) : contract(c) {
    if (!contract.perDescription) device = std::make_shared<Buffer>(contract);
    int ends[2];
    pairOf(ends);
    pid_t pid = ::fork();
    if (pid < 0) throw std::runtime_error("there is no process for the program");
    if (pid == 0) {
      close(ends[0]);
      struct sigaction action {};
      action.sa_sigaction = onFault;
      action.sa_flags = SA_SIGINFO;
      sigaction(SIGSEGV, &action, nullptr);
      sigaction(SIGBUS, &action, nullptr);
      // What lies behind the arena is taken: nothing grows out of it.
      mmap(reinterpret_cast<void*>(ARENA + ARENA_PAGES * PAGE), PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
      work(ends[1]);
    }
    close(ends[1]);
    Process p0;
    p0.pid = pid;
    p0.channel = ends[0];
    processes["p0"] = std::move(p0);
    order.push_back("p0");
  }
  ~Runner() {
    for (size_t i = 1; i < order.size(); i++) end(processes.at(order[i]));
    end(processes.at("p0"));
  }

  string run(const Json& program) {
    if (auto* setting = program.find("setting"))
      if (!setting->fields.empty()) throw Skip{"limits are not set by this adapter"};
    string steps;
    for (auto& op : program.at("ops").items) {
      if (step++) steps += ',';
      steps += "{\"outcome\":" + operation(op).json + "}";
    }
    return "\"result\":\"observed\",\"steps\":[" + steps + "],\"end\":{\"outcome\":{\"ret\":0}}";
  }
};

// The conversation

bool protectionKeys() {
  bool found = false;
  if (FILE* info = fopen("/proc/cpuinfo", "r")) {
    char line[8192];
    while (!found && fgets(line, sizeof line, info)) found = !strncmp(line, "flags", 5) && strstr(line, " ospke");
    fclose(info);
  }
  return found;
}

// Whether /proc/PID/mem writes what may not be written.
bool forces() {
  void* page = mmap(nullptr, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  bool done = page != MAP_FAILED && memory >= 0 && pwrite(memory, "x", 1, off_t(u64(page))) == 1;
  if (memory >= 0) close(memory);
  if (page != MAP_FAILED) munmap(page, PAGE);
  return done;
}

string started() {
  utsname name;
  uname(&name);
  struct sysinfo info;
  sysinfo(&info);
  u64 memory = (info.totalram + info.totalswap) * info.mem_unit / PAGE;
  auto word = [](bool b) { return string(b ? "true" : "false"); };
  return string(R"({"event":"started","version":4,"implementation":{"name":"cpp-memfd","version":"1"},"levels":["outcome"],"operations":)") +
         OPERATIONS + R"(,"settings":[],"mapFlags":[],"failures":[],"repeat":false,"kernel":{"release":)" + quote(name.release) +
         R"(,"machine":)" + quote(name.machine) + R"(},"facts":{"pageSize":4096,"arenaPages":)" + std::to_string(ARENA_PAGES) +
         R"(,"guardPages":)" + std::to_string(GUARD_PAGES) + R"(,"zonePages":0,"arenaStart":)" + std::to_string(ARENA / PAGE) +
         R"(,"memoryPages":)" + std::to_string(memory) + R"(,"executeOnly":)" + word(protectionKeys()) + R"(,"softDirty":false,"memForce":)" +
         word(forces()) +
         R"(,"memoryFailure":false,"samePageMerging":)" + word(!access("/sys/kernel/mm/ksm", F_OK)) + R"(,"hugePages":)" +
         word(!access("/sys/kernel/mm/transparent_hugepage", F_OK)) + R"(,"stepwiseCopies":false}})";
}

string utf8ToLatin1(const string& text) {
  string out;
  for (size_t i = 0; i < text.size(); i++) {
    u8 c = u8(text[i]);
    if (c >= 0xC0 && i + 1 < text.size()) out += char((c & 3) << 6 | (u8(text[++i]) & 63));
    else out += char(c);
  }
  return out;
}

Contract contractOf(const Json& json) {
  Contract c;
  auto& mapping = json.at("mmap");
  if (auto* pages = mapping.find("pages"))
    if (!pages->is("fault")) throw Skip{"Pages that are put in place in mmap (\"" + pages->str() + "\") cannot be had from a memfd."};
  if (auto* refused = mapping.find("private")) c.refusesPrivate = refused->is("refused");
  if (auto* refusal = mapping.find("refusal")) c.refusal = refusal->str();
  c.range = mapping.at("range").str();
  c.proc = json.at("node").at("kind").is("proc");
  if (auto* mode = json.at("node").find("mode")) c.others = mode->str().back() - '0';
  c.perDescription = json.at("buffer").at("owner").is("description");
  c.pages = json.at("buffer").at("pages").num();
  c.initial = utf8ToLatin1(json.at("buffer").at("initial").str());
  c.first = json.at("fault").is("first");
  c.merges = !json.at("vmOperations").at("close").truth;
  for (auto& flag : mapping.at("flags").items)
    if (flag.is("dontexpand")) c.special = true;
  if (c.special) c.merges = false;
  if (auto* read = json.find("read")) {
    c.reads = true;
    c.readSize = read->at("size").num();
  }
  if (auto* write = json.find("write")) {
    c.writes = true;
    c.writeSize = write->at("size").num();
    c.honoured = write->at("position").is("honoured");
    c.returnsLength = write->at("returns").is("length");
    c.endIsError = write->at("atEnd").is("ENOSPC");
  }
  if (std::max(c.readSize, c.writeSize) > c.pages * i64(PAGE)) throw Skip{"read and write reach beyond the buffer."};
  c.positioned = json.at("positioned").truth;
  return c;
}

int main() {
  signal(SIGPIPE, SIG_IGN);
  shared = static_cast<Shared*>(mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (shared == MAP_FAILED) return perror("mmap"), 1;
  bool isStarted = false;
  std::unique_ptr<Contract> contract;
  char* text = nullptr;
  size_t room = 0;
  for (ssize_t n; (n = getline(&text, &room, stdin)) > 0;) {
    string line(text, size_t(n));
    auto refuse = [](const string& why) { say(R"({"event":"refused","message":)" + quote(why) + "}"); };
    Json command;
    try {
      command = Parser(line).parse();
    } catch (std::exception& wrong) {
      refuse(string("This line is not JSON: ") + wrong.what() + ".");
      continue;
    }
    try {
      const Json* cmd = command.find("cmd");
      if (cmd && cmd->is("start")) {
        if (command.at("version").num() != 4) {
          refuse("This adapter speaks version 4 of the protocol, not version " + command.at("version").text + ".");
          continue;
        }
        isStarted = true;
        say(started());
      } else if (cmd && cmd->is("stop")) {
        say(R"({"event":"stopped"})");
        return 0;
      } else if (cmd && cmd->is("configure") && isStarted) {
        string head = R"({"event":"configured","seq":)" + std::to_string(command.at("seq").num());
        try {
          contract = std::make_unique<Contract>(contractOf(command.at("contract")));
          string proc = contract->proc ? "true" : "false";
          say(head + R"(,"ok":true,"noexec":)" + proc + R"(,"regular":)" + proc + "}");
        } catch (Skip& no) {
          contract.reset();
          say(head + R"(,"ok":false,"message":)" + quote(no.reason) + "}");
        }
      } else if (cmd && cmd->is("run") && contract) {
        if (command.find("repeat")) {
          refuse("This adapter does not repeat programs.");
          continue;
        }
        string head = R"({"seq":)" + std::to_string(command.at("seq").num()) + R"(,"index":)";
        auto& programs = command.at("programs").items;
        for (size_t i = 0; i < programs.size(); i++) {
          string start = head + std::to_string(i) + ',';
          string answer;
          std::unique_ptr<Runner> runner;
          try {
            runner = std::make_unique<Runner>(*contract);
            answer = start + runner->run(programs[i]) + "}";
          } catch (Skip& no) {
            answer = start + R"("result":"skipped","reason":)" + quote(no.reason) + "}";
          } catch (std::exception& broken) {
            answer = start + R"("result":"errored","message":)" + quote(broken.what());
            if (runner && runner->step) answer += R"(,"step":)" + std::to_string(runner->step - 1);
            answer += "}";
          }
          runner.reset();
          say(answer);
        }
      } else {
        refuse(cmd ? "This is no command, or one that cannot be followed now: \"" + cmd->text + "\"." : "There is no cmd.");
      }
    } catch (std::exception& wrong) {
      refuse(string("This command cannot be understood: ") + wrong.what() + ".");
    }
  }
  return 0;
}
