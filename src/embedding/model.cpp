#include "embedding/model.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <numeric>
#include <optional>

#include "base/crypto.h"
#include "base/json.h"

namespace synap::embedding {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little endian");

// file    = magic version(u32) size(u32) hash header zeros weights vocabulary
// magic   = "SYNAPEMB"
// hash    = SHA-256 of all that is behind it
// header  = JSON of `size` bytes
// zeros   = up to a multiple of 64
// weights = the sections of weights.cpp's each_section, with bytes
constexpr std::string_view kMagic = "SYNAPEMB";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kSizeAt = 12;
constexpr std::size_t kHashAt = 16;
constexpr std::size_t kHeaderAt = 48;
constexpr std::size_t kHeaderBytesMax = 64 << 10;
constexpr std::size_t kFileBytesMax = std::size_t{4} << 30;
constexpr std::size_t kIdHashDigits = 12;
// How near the vectors of bytes are to those of floats, at least; of the documented model it is
// 0.991 at worst.
constexpr float kCosineMin = 0.97F;

std::unexpected<Error> damaged(std::string_view why) {
  return fail(Code::kUnprocessableContent,
              fmt::format("the model's file is damaged: {}; add the model again", why));
}

std::uint32_t number_at(std::string_view file, std::size_t at) {
  std::uint32_t number = 0;
  std::memcpy(&number, file.data() + at, sizeof(number));
  return number;
}

std::size_t weights_at(std::size_t header_bytes) {
  return (kHeaderAt + header_bytes + Weights::kAlignment - 1) / Weights::kAlignment *
         Weights::kAlignment;
}

Json header_of(const ModelSource& source) {
  const auto& shape = source.shape;
  return Json::object({{"name", source.name},
                       {"source", source.weights_sha256},
                       {"tokensMax", source.tokens_max},
                       {"isLowerCase", source.words.is_lower_case},
                       {"stripsAccents", source.words.strips_accents},
                       {"vocabularyBytes", source.vocabulary.size()},
                       {"vocabulary", shape.vocabulary},
                       {"positions", shape.positions},
                       {"dimension", shape.dimension},
                       {"layers", shape.layers},
                       {"heads", shape.heads},
                       {"inner", shape.inner},
                       {"epsilon", static_cast<double>(shape.epsilon)}});
}

std::optional<std::size_t> count_in(const Json& header, std::string_view name) {
  const Json* value = header.find(name);
  if (value == nullptr || !value->is_integer() || value->as_integer() < 0) return std::nullopt;
  return static_cast<std::size_t>(value->as_integer());
}

std::optional<ModelInfo> info_of(const Json& header) {
  ModelInfo info;
  info.name = header.string_or("name", "");
  info.source_sha256 = header.string_or("source", "");
  struct Number {
    std::string_view name;
    std::size_t* to;
  };
  auto& shape = info.shape;
  for (const auto& [name, to] :
       {Number{"tokensMax", &info.tokens_max}, Number{"vocabulary", &shape.vocabulary},
        Number{"positions", &shape.positions}, Number{"dimension", &shape.dimension},
        Number{"layers", &shape.layers}, Number{"heads", &shape.heads},
        Number{"inner", &shape.inner}}) {
    const auto value = count_in(header, name);
    if (!value) return std::nullopt;
    *to = *value;
  }
  const Json* epsilon = header.find("epsilon");
  const Json* is_lower_case = header.find("isLowerCase");
  const Json* strips_accents = header.find("stripsAccents");
  if (epsilon == nullptr || !epsilon->is_number() || is_lower_case == nullptr ||
      !is_lower_case->is_bool() || strips_accents == nullptr || !strips_accents->is_bool()) {
    return std::nullopt;
  }
  shape.epsilon = static_cast<float>(epsilon->as_number());
  info.words = {is_lower_case->as_bool(), strips_accents->as_bool()};
  if (!shape.check() || info.tokens_max < 3 || info.tokens_max > shape.positions) {
    return std::nullopt;
  }
  return info;
}

// A file in memory, read only.
class Mapping {
 public:
  static Result<std::shared_ptr<const Mapping>> open(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
      return fail(
          errno == ENOENT || errno == ENOTDIR ? Code::kNotFound : Code::kServiceUnavailable,
          fmt::format("the model's file {} cannot be read: {}", path, std::strerror(errno)));
    }
    struct stat status{};
    const bool is_file = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
    const auto size = is_file ? static_cast<std::size_t>(status.st_size) : 0;
    if (size < kHeaderAt || size > kFileBytesMax) {
      ::close(file);
      return damaged("it is no file of a model's size");
    }
    void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    const int failed = errno;
    ::close(file);
    if (memory == MAP_FAILED) {
      return fail(Code::kServiceUnavailable, fmt::format("the model's file {} cannot be mapped: {}",
                                                         path, std::strerror(failed)));
    }
    return std::shared_ptr<const Mapping>(new Mapping(memory, size));
  }
  ~Mapping() { ::munmap(memory_, size_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  std::string_view bytes() const { return {static_cast<const char*>(memory_), size_}; }

 private:
  Mapping(void* memory, std::size_t size) : memory_(memory), size_(size) {}
  void* memory_;
  std::size_t size_;
};

// What a model that is to be added has to say something about.
constexpr std::array<std::string_view, 4> kSamples{
    "", "The quick brown fox jumps over the lazy dog.",
    "Meeting with the landlord on 2026-03-14: the rent goes up by ten percent!",
    "int main() { return 0; }"};

Result<> compare(const Weights& floats, const Weights& bytes, const WordPieces& words,
                 std::size_t tokens_max) {
  const Encoder exact(floats);
  const Encoder near(bytes);
  for (const auto sample : kSamples) {
    const auto ids = words.encode(sample, tokens_max);
    const auto one = exact.encode(ids);
    if (!one) return fail(Code::kBadRequest, one.error().message);
    const auto other = near.encode(ids);
    if (!other) return fail(Code::kBadRequest, other.error().message);
    const float cosine = std::inner_product(one->begin(), one->end(), other->begin(), 0.F);
    if (cosine < kCosineMin) {
      return fail(
          Code::kBadRequest,
          fmt::format("the model does not stand being kept as bytes: its vectors are {:.3f} "
                      "of what they were",
                      cosine));
    }
  }
  return {};
}

Result<WordPieces> words_of(std::string vocabulary, WordPieces::Options options,
                            const Shape& shape) {
  auto words = WordPieces::make(std::move(vocabulary), options);
  if (words && words->size() > shape.vocabulary) {
    return fail(Code::kBadRequest,
                fmt::format("the vocabulary has {} pieces, and the model knows {}", words->size(),
                            shape.vocabulary));
  }
  return words;
}

}  // namespace

Result<std::string> Model::file_of(const ModelSource& source) {
  auto words = words_of(source.vocabulary, source.words, source.shape);
  if (!words) return fail(words.error());
  auto tensors = Safetensors::read(source.weights);
  if (!tensors) return fail(tensors.error());
  auto floats = Weights::from_safetensors(*tensors, source.shape);
  if (!floats) return fail(floats.error());

  const auto header = header_of(source).dump();
  const auto begin = weights_at(header.size());
  const auto size = Weights::size(source.shape, Precision::kBytes);
  // The sections begin at addresses as they will in the mapped file.
  std::vector<std::byte> weights(size + Weights::kAlignment);
  void* at = weights.data();
  std::size_t room = weights.size();
  auto* aligned = static_cast<std::byte*>(std::align(Weights::kAlignment, size, at, room));
  Weights::quantise(*floats, aligned);
  const auto bytes = Weights::at(aligned, source.shape, Precision::kBytes, nullptr);
  if (auto near = compare(*floats, bytes, *words, source.tokens_max); !near) {
    return fail(near.error());
  }
  std::string file(begin, '\0');
  std::ranges::copy(kMagic, file.begin());
  const auto header_bytes = static_cast<std::uint32_t>(header.size());
  std::memcpy(file.data() + kVersionAt, &kVersion, sizeof(kVersion));
  std::memcpy(file.data() + kSizeAt, &header_bytes, sizeof(header_bytes));
  std::ranges::copy(header, file.begin() + kHeaderAt);
  file.append(reinterpret_cast<const char*>(aligned), size);
  file += source.vocabulary;
  const auto hash = sha256(std::string_view(file).substr(kHeaderAt));
  std::memcpy(file.data() + kHashAt, hash.data(), hash.size());
  return file;
}

Result<std::string> Model::id_of(std::string_view file) {
  const auto header_bytes = number_at(file, kSizeAt);
  const auto header = parse_json(file.substr(kHeaderAt, header_bytes));
  if (!header) return damaged("its header is no JSON");
  Sha256 hash{};
  std::memcpy(hash.data(), file.data() + kHashAt, hash.size());
  return fmt::format("{}-{}", header->string_or("name", "model"),
                     to_hex(hash).substr(0, kIdHashDigits));
}

Result<std::shared_ptr<const Model>> Model::open(const std::string& path) {
  auto mapping = Mapping::open(path);
  if (!mapping) return fail(mapping.error());
  const auto file = (*mapping)->bytes();
  if (!file.starts_with(kMagic)) return damaged("it does not begin as one");
  if (number_at(file, kVersionAt) != kVersion) {
    return fail(Code::kUnprocessableContent,
                fmt::format("the model's file has version {}, and this program reads {}",
                            number_at(file, kVersionAt), kVersion));
  }
  const std::size_t header_bytes = number_at(file, kSizeAt);
  if (header_bytes > kHeaderBytesMax || weights_at(header_bytes) > file.size()) {
    return damaged("its header is too long");
  }
  const auto hash = sha256(file.substr(kHeaderAt));
  if (std::memcmp(hash.data(), file.data() + kHashAt, hash.size()) != 0) {
    return damaged("its hash is not that of its bytes");
  }
  // From here on it is as it was written; by whom is not known, so it is looked at all the same.
  const auto header = parse_json(file.substr(kHeaderAt, header_bytes));
  auto info = header ? info_of(*header) : std::nullopt;
  const auto vocabulary_bytes = header ? count_in(*header, "vocabularyBytes") : std::nullopt;
  if (!info || !vocabulary_bytes || *vocabulary_bytes > WordPieces::kVocabularyBytesMax) {
    return damaged("its header does not describe a model");
  }
  const auto begin = weights_at(header_bytes);
  const auto size = Weights::size(info->shape, Precision::kBytes);
  if (file.size() - begin < size || file.size() - begin - size != *vocabulary_bytes) {
    return damaged("it is not as long as its header says");
  }
  auto id = id_of(file);
  if (!id) return fail(id.error());
  info->id = std::move(*id);
  info->bytes = file.size();
  auto words = words_of(std::string(file.substr(begin + size)), info->words, info->shape);
  if (!words) return damaged(words.error().message);
  auto weights = Weights::at(reinterpret_cast<const std::byte*>(file.data() + begin), info->shape,
                             Precision::kBytes, *mapping);
  if (auto finite = weights.check_finite(); !finite) return damaged(finite.error().message);
  return std::shared_ptr<const Model>(
      new Model(std::move(*info), std::move(*words), Encoder(std::move(weights))));
}

Model::Model(ModelInfo info, WordPieces words, Encoder encoder)
    : info_(std::move(info)), words_(std::move(words)), encoder_(std::move(encoder)) {}

Result<Vector> Model::embed(std::string_view text) const {
  return encoder_.encode(words_.encode(text, info_.tokens_max));
}

}  // namespace synap::embedding
