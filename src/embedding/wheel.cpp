#include "embedding/wheel.h"

#include <fmt/format.h>
#include <minizip/unzip.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"

namespace synap::embedding {
namespace {

constexpr std::size_t kNameBytesMax = 512;
constexpr std::size_t kPieceBytes = 64 << 10;
constexpr std::size_t kNameShown = 100;

std::unexpected<Error> refuse(std::string message) {
  return fail(Code::kBadRequest, std::move(message));
}

// A piece of memory as the file that minizip asks for.
struct Memory {
  std::string_view bytes;
  ZPOS64_T at = 0;
};
Memory& of(voidpf stream) {
  return *static_cast<Memory*>(stream);
}
voidpf open_memory(voidpf memory, const void*, int) {
  return memory;
}
uLong read_memory(voidpf, voidpf stream, void* to, uLong count) {
  auto& memory = of(stream);
  const auto left = memory.bytes.size() - std::min<ZPOS64_T>(memory.at, memory.bytes.size());
  const auto read = std::min<uLong>(count, left);
  std::memcpy(to, memory.bytes.data() + memory.at, read);
  memory.at += read;
  return read;
}
ZPOS64_T tell_memory(voidpf, voidpf stream) {
  return of(stream).at;
}
long seek_memory(voidpf, voidpf stream, ZPOS64_T offset, int origin) {
  auto& memory = of(stream);
  const ZPOS64_T from = origin == ZLIB_FILEFUNC_SEEK_CUR   ? memory.at
                        : origin == ZLIB_FILEFUNC_SEEK_END ? memory.bytes.size()
                                                           : 0;
  const ZPOS64_T to = from + offset;
  if (to > memory.bytes.size()) return -1;
  memory.at = to;
  return 0;
}
int close_memory(voidpf, voidpf) {
  return 0;
}
int no_error(voidpf, voidpf) {
  return 0;
}

}  // namespace

struct Wheel::Zip {
  Memory memory;
  unzFile file = nullptr;
  Zip() = default;
  Zip(const Zip&) = delete;
  Zip& operator=(const Zip&) = delete;
  ~Zip() {
    if (file != nullptr) unzClose(file);
  }
};

Wheel::Wheel(std::unique_ptr<Zip> zip) : zip_(std::move(zip)) {}
Wheel::~Wheel() = default;
Wheel::Wheel(Wheel&&) noexcept = default;
Wheel& Wheel::operator=(Wheel&&) noexcept = default;

Result<Wheel> Wheel::open(std::string_view bytes) {
  auto zip = std::make_unique<Zip>();
  zip->memory.bytes = bytes;
  zlib_filefunc64_def calls{};
  calls.zopen64_file = open_memory;
  calls.zread_file = read_memory;
  calls.ztell64_file = tell_memory;
  calls.zseek64_file = seek_memory;
  calls.zclose_file = close_memory;
  calls.zerror_file = no_error;
  calls.opaque = &zip->memory;
  zip->file = unzOpen2_64("", &calls);
  if (zip->file == nullptr) return refuse("the file is no wheel: it is no zip");
  Wheel wheel(std::move(zip));
  std::array<char, kNameBytesMax + 1> name{};
  int state = unzGoToFirstFile(wheel.zip_->file);
  for (; state == UNZ_OK; state = unzGoToNextFile(wheel.zip_->file)) {
    unz_file_info64 info{};
    if (unzGetCurrentFileInfo64(wheel.zip_->file, &info, name.data(), kNameBytesMax, nullptr, 0,
                                nullptr, 0) != UNZ_OK) {
      return refuse("the wheel is damaged: its list of files cannot be read");
    }
    if (wheel.names_.size() == kFilesMax) {
      return refuse(fmt::format("the wheel has more than {} files", kFilesMax));
    }
    wheel.names_.emplace_back(name.data());
  }
  if (state != UNZ_END_OF_LIST_OF_FILE) {
    return refuse("the wheel is damaged: its list of files cannot be read");
  }
  return wheel;
}

Result<std::optional<std::string>> Wheel::read(const std::string& name,
                                               std::size_t bytes_max) const {
  if (std::ranges::find(names_, name) == names_.end()) return std::nullopt;
  const auto damaged = [&] {
    return refuse(fmt::format("{} in the wheel is damaged", shortened(name, kNameShown)));
  };
  if (unzLocateFile(zip_->file, name.c_str(), 1) != UNZ_OK ||
      unzOpenCurrentFile(zip_->file) != UNZ_OK) {
    return damaged();
  }
  std::string all;
  std::string piece(kPieceBytes, '\0');
  for (;;) {
    const int count = unzReadCurrentFile(zip_->file, piece.data(), kPieceBytes);
    if (count < 0) {
      unzCloseCurrentFile(zip_->file);
      return damaged();
    }
    if (count == 0) break;
    all.append(piece, 0, static_cast<std::size_t>(count));
    if (all.size() > bytes_max) {
      unzCloseCurrentFile(zip_->file);
      return refuse(fmt::format("{} in the wheel has more than {} bytes",
                                shortened(name, kNameShown), bytes_max));
    }
  }
  if (unzCloseCurrentFile(zip_->file) != UNZ_OK) return damaged();  // the checksum is another
  return all;
}

}  // namespace synap::embedding
