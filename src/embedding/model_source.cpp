#include "embedding/model_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>

#include "base/crypto.h"
#include "base/json.h"
#include "embedding/wheel.h"

namespace synap::embedding {
namespace {

constexpr std::size_t kWeightsBytesMax = std::size_t{4} << 30;
constexpr std::size_t kSettingsBytesMax = 1 << 20;
constexpr std::size_t kNameBytesMax = 40;
// Where a model does not say how long a text it was trained with.
constexpr std::size_t kTokensMax = 256;
constexpr std::string_view kWeights = "model.safetensors";

struct Documented {
  std::string_view sha256;
  std::string_view name;
  std::string_view language;  // the only one that it knows
};
constexpr std::array<Documented, 1> kDocumented{
    {{"53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", "all-MiniLM-L6-v2",
      "english"}}};

std::unexpected<Error> refuse(std::string message) {
  return fail(Code::kBadRequest, std::move(message));
}

// The bytes of a regular file; nothing: there is none.
Result<std::optional<std::string>> read_file(const std::string& path, std::size_t bytes_max) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    return refuse(fmt::format("{} cannot be read: {}", path, std::strerror(errno)));
  }
  struct Closing {
    int file;
    ~Closing() { ::close(file); }
  } closing{file};
  struct stat status{};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    return refuse(fmt::format("{} is no regular file", path));
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > bytes_max) {
    return refuse(fmt::format("{} has {} bytes, more than {}", path, size, bytes_max));
  }
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size;) {
    const auto count = ::read(file, bytes.data() + at, size - at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return refuse(fmt::format("{} could not be read to its end", path));
    at += static_cast<std::size_t>(count);
  }
  return bytes;
}

// The files of a model, by their names in its folder.
using Files = std::function<Result<std::optional<std::string>>(const std::string&, std::size_t)>;

Result<std::string> needed(const Files& files, const std::string& name, std::size_t bytes_max) {
  auto bytes = files(name, bytes_max);
  if (!bytes) return fail(bytes.error());
  if (!*bytes) return refuse(fmt::format("the model has no {}", name));
  return std::move(**bytes);
}

// An object of settings; an empty one: there is no such file.
Result<Json> settings(const Files& files, const std::string& name) {
  auto bytes = files(name, kSettingsBytesMax);
  if (!bytes) return fail(bytes.error());
  if (!*bytes) return Json::object();
  auto json = parse_json(**bytes);
  if (!json || !json->is_object()) return refuse(fmt::format("{} is no JSON object", name));
  return std::move(*json);
}

bool is_true(const Json& json, std::string_view name, bool otherwise) {
  const Json* value = json.find(name);
  return value != nullptr && value->is_bool() ? value->as_bool() : otherwise;
}

// Vectors are the mean of the pieces here, whatever else some models have.
Result<> check_pooling(const Files& files) {
  const auto pooling = settings(files, "1_Pooling/config.json");
  if (!pooling) return fail(pooling.error());
  if (!is_true(*pooling, "pooling_mode_mean_tokens", true)) {
    return refuse("the model does not take the mean of a text's pieces, which is what is computed");
  }
  for (const auto* other :
       {"pooling_mode_cls_token", "pooling_mode_max_tokens", "pooling_mode_mean_sqrt_len_tokens"}) {
    if (is_true(*pooling, other, false)) {
      return refuse(fmt::format("the model has {}, and the mean alone is computed", other));
    }
  }
  const auto modules = files("modules.json", kSettingsBytesMax);
  if (!modules) return fail(modules.error());
  if (!*modules) return {};
  const auto list = parse_json(**modules);
  if (!list || !list->is_array()) return refuse("modules.json is no JSON array");
  for (const auto& module : list->as_array()) {
    const auto type = module.string_or("type", "");
    if (!type.ends_with(".Transformer") && !type.ends_with(".Pooling") &&
        !type.ends_with(".Normalize")) {
      return refuse(
          fmt::format("the model has a module of the type \"{}\", which cannot be "
                      "computed",
                      type.substr(0, 100)));
    }
  }
  return {};
}

std::string name_of(const std::string& path) {
  std::string name;
  for (const char c : std::filesystem::path(path).filename().string()) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      name += static_cast<char>(std::tolower(byte));
    } else if (c == '.' && !name.empty() && name.back() != '.') {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
    if (name.size() == kNameBytesMax) break;
  }
  while (!name.empty() && (name.back() == '-' || name.back() == '.')) name.pop_back();
  return name.empty() ? "model" : name;
}

Result<ModelSource> read_files(const Files& files, std::string weights) {
  ModelSource source;
  source.weights = std::move(weights);
  auto config = needed(files, "config.json", kSettingsBytesMax);
  if (!config) return fail(config.error());
  auto json = parse_json(*config);
  if (!json) return refuse("config.json is no JSON");
  auto shape = Shape::from_config(*json);
  if (!shape) return fail(shape.error());
  source.shape = *shape;
  auto vocabulary = needed(files, "vocab.txt", WordPieces::kVocabularyBytesMax);
  if (!vocabulary) return fail(vocabulary.error());
  source.vocabulary = std::move(*vocabulary);
  if (auto pooling = check_pooling(files); !pooling) return fail(pooling.error());

  const auto words = settings(files, "tokenizer_config.json");
  if (!words) return fail(words.error());
  source.words.is_lower_case = is_true(*words, "do_lower_case", true);
  source.words.strips_accents = is_true(*words, "strip_accents", source.words.is_lower_case);
  const auto lengths = settings(files, "sentence_bert_config.json");
  if (!lengths) return fail(lengths.error());
  source.tokens_max = kTokensMax;
  if (const Json* most = lengths->find("max_seq_length"); most != nullptr && most->is_integer()) {
    source.tokens_max = static_cast<std::size_t>(std::max<std::int64_t>(3, most->as_integer()));
  }
  source.tokens_max = std::min(source.tokens_max, source.shape.positions);
  return source;
}

std::string hash_of(std::string_view bytes) {
  return to_hex(sha256(bytes));
}

Result<> check_hash(const std::optional<std::string>& wanted, const std::string& file,
                    const std::string& weights) {
  if (!wanted) return {};
  std::string small;
  for (const char c : *wanted)
    small += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (small.size() != 64 || small.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return refuse("a SHA-256 is 64 hexadecimal digits");
  }
  if (small == file || small == weights) return {};
  return fail(Code::kConflict, fmt::format("the file has the SHA-256 {}, not {}", file, small));
}

Result<ModelSource> read_wheel(const std::string& path, const std::optional<std::string>& wanted) {
  auto bytes = read_file(path, kWeightsBytesMax);
  if (!bytes) return fail(bytes.error());
  const auto file_hash = hash_of(**bytes);
  auto wheel = Wheel::open(**bytes);
  if (!wheel) return fail(wheel.error());
  std::string folder;
  std::size_t found = 0;
  for (const auto& name : wheel->names()) {
    if (name != kWeights && !name.ends_with(fmt::format("/{}", kWeights))) continue;
    ++found;
    folder = name.substr(0, name.size() - kWeights.size());
  }
  if (found != 1) {
    return refuse(fmt::format("the wheel has {} files {}, where 1 is meant", found, kWeights));
  }
  const Files files = [&](const std::string& name, std::size_t bytes_max) {
    return wheel->read(folder + name, bytes_max);
  };
  auto weights = needed(files, std::string(kWeights), kWeightsBytesMax);
  if (!weights) return fail(weights.error());
  const auto weights_hash = hash_of(*weights);
  if (auto same = check_hash(wanted, file_hash, weights_hash); !same) return fail(same.error());
  auto source = read_files(files, std::move(*weights));
  if (source) source->weights_sha256 = weights_hash;
  return source;
}

Result<ModelSource> read_folder(const std::filesystem::path& folder,
                                const std::string& weights_path,
                                const std::optional<std::string>& wanted) {
  auto weights = read_file(weights_path, kWeightsBytesMax);
  if (!weights) return fail(weights.error());
  if (!*weights) return refuse(fmt::format("the folder has no {}", kWeights));
  const auto hash = hash_of(**weights);
  if (auto same = check_hash(wanted, hash, hash); !same) return fail(same.error());
  const Files files = [&](const std::string& name, std::size_t bytes_max) {
    return read_file((folder / name).string(), bytes_max);
  };
  auto source = read_files(files, std::move(**weights));
  if (source) source->weights_sha256 = hash;
  return source;
}

}  // namespace

Result<ModelSource> ModelSource::read(const std::string& path,
                                      const std::optional<std::string>& sha256) {
  std::error_code failed;
  const auto absolute = std::filesystem::weakly_canonical(path, failed);
  const auto status = std::filesystem::status(path, failed);
  if (!std::filesystem::exists(status)) {
    return fail(Code::kNotFound, fmt::format("there is no {}", path));
  }
  Result<ModelSource> source;
  std::string named_by = absolute.string();
  if (std::filesystem::is_directory(status)) {
    source = read_folder(path, (std::filesystem::path(path) / kWeights).string(), sha256);
  } else if (path.ends_with(".whl") || path.ends_with(".zip")) {
    source = read_wheel(path, sha256);
    named_by = absolute.stem().string();
  } else if (path.ends_with(".safetensors")) {
    source = read_folder(absolute.parent_path(), path, sha256);
    named_by = absolute.parent_path().string();
  } else {
    return refuse(
        fmt::format("{} is neither a folder, nor a wheel (.whl, .zip), nor a .safetensors", path));
  }
  if (!source) return source;
  // A wheel is called name-version-and-more.
  const auto documented = source->documented_name();
  source->name = name_of(documented ? *documented : named_by.substr(0, named_by.find("-py3")));
  return source;
}

std::string_view documented_language(std::string_view weights_sha256) {
  for (const auto& one : kDocumented) {
    if (one.sha256 == weights_sha256) return one.language;
  }
  return "";
}

std::optional<std::string> ModelSource::documented_name() const {
  for (const auto& one : kDocumented) {
    if (one.sha256 == weights_sha256) return std::string(one.name);
  }
  return std::nullopt;
}

}  // namespace synap::embedding
