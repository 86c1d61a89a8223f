#include "features/checkpoints/shown.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "base/uuid.h"

namespace synap::features::checkpoints {
namespace {

constexpr int kDepthMax = 64;  // as of JSON

struct MessageClass {
  std::string_view name;
  std::string_view type;
};
// Of LangChain's messages: what each says of itself (`type`).
constexpr MessageClass kMessages[] = {{"AIMessage", "ai"},
                                      {"AIMessageChunk", "ai"},
                                      {"HumanMessage", "human"},
                                      {"HumanMessageChunk", "human"},
                                      {"SystemMessage", "system"},
                                      {"ToolMessage", "tool"},
                                      {"FunctionMessage", "function"},
                                      {"ChatMessage", "generic"},
                                      {"RemoveMessage", "remove"}};

/// The extensions of langgraph.checkpoint.serde.jsonplus.
enum Extension : std::uint8_t {
  kOneArgument = 0,
  kArguments = 1,
  kNamedArguments = 2,
  kMethod = 3,
  kModelV1 = 4,
  kModelV2 = 5,
  kNumpyArray = 6,
  kDeltaSnapshot = 7,
};

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

/// An array of an extension: what was written of an object.
struct Written {
  std::string of;  // "module.Class"
  Json made_of;
};

std::optional<Written> written_of(Json parts) {
  if (!parts.is_array() || parts.as_array().size() < 3) return std::nullopt;
  auto& all = parts.as_array();
  if (!all[0].is_string() || !all[1].is_string()) return std::nullopt;
  return Written{fmt::format("{}.{}", all[0].as_string(), all[1].as_string()), std::move(all[2])};
}

std::optional<Json> of_one_argument(Written written) {
  if (is_one_of(written.of, {"builtins.set", "builtins.frozenset", "collections.deque"})) {
    return std::move(written.made_of);
  }
  if (!written.made_of.is_string()) return std::nullopt;
  if (is_one_of(written.of,
                {"decimal.Decimal", "ipaddress.IPv4Address", "ipaddress.IPv6Address"})) {
    return std::move(written.made_of);
  }
  if (written.of != "uuid.UUID") return std::nullopt;
  auto hex = written.made_of.as_string();
  if (hex.size() != 32) return std::nullopt;
  for (const std::size_t at : {20, 16, 12, 8}) hex.insert(at, 1, '-');
  const auto id = Uuid::parse(hex);
  if (!id) return std::nullopt;
  return Json(id->to_string());
}

std::optional<Json> of_arguments(Written written) {
  if (!written.made_of.is_array()) return std::nullopt;
  const auto& given = written.made_of.as_array();
  if (written.of == "langgraph.types.Send" && given.size() >= 2) {
    return Json::object({{"node", given[0]}, {"args", given[1]}});
  }
  const bool is_date = written.of == "datetime.date" && given.size() == 3 &&
                       std::ranges::all_of(given, &Json::is_integer);
  if (!is_date) return std::nullopt;
  return Json(fmt::format("{:04}-{:02}-{:02}", given[0].as_integer(), given[1].as_integer(),
                          given[2].as_integer()));
}

std::optional<Json> object_of(std::uint8_t extension, Written written) {
  switch (extension) {
    case kOneArgument:
      return of_one_argument(std::move(written));
    case kArguments:
      return of_arguments(std::move(written));
    case kMethod:
      if (written.of != "datetime.datetime") return std::nullopt;
      return std::move(written.made_of);
    case kNamedArguments:
    case kModelV1:
    case kModelV2:
      if (!written.made_of.is_object()) return std::nullopt;
      return std::move(written.made_of);
    default:
      return std::nullopt;
  }
}

/// Reads MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md). Nothing: it is none,
/// or has too many parts.
class MessagePack {
 public:
  MessagePack(std::string_view bytes, std::size_t& parts_left)
      : rest_(bytes), parts_left_(parts_left) {}

  std::optional<Json> whole() {
    auto value = this->value(0);
    return rest_.empty() ? std::move(value) : std::nullopt;
  }

 private:
  std::optional<Json> value(int depth) {
    if (depth > kDepthMax || parts_left_ == 0) return std::nullopt;
    --parts_left_;
    const auto head = number(1);
    if (!head) return std::nullopt;
    const auto kind = static_cast<std::uint8_t>(*head);
    if (kind < 0x80) return Json(std::int64_t{kind});
    if (kind < 0x90) return object(kind & 0x0f, depth);
    if (kind < 0xa0) return array(kind & 0x0f, depth);
    if (kind < 0xc0) return text(kind & 0x1f);
    if (kind >= 0xe0) return Json(std::int64_t{static_cast<std::int8_t>(kind)});
    return longer(kind, depth);
  }

  std::optional<Json> longer(std::uint8_t kind, int depth) {
    switch (kind) {
      case 0xc0:
        return Json(nullptr);
      case 0xc2:
      case 0xc3:
        return Json(kind == 0xc3);
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return binary(number(1 << (kind - 0xc4)));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return extension(number(1 << (kind - 0xc7)), depth);
      case 0xca:
      case 0xcb:
        return real(kind == 0xca ? 4 : 8);
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return extension(std::uint64_t{1} << (kind - 0xd4), depth);
      case 0xd9:
      case 0xda:
      case 0xdb:
        return text(number(1 << (kind - 0xd9)));
      case 0xdc:
      case 0xdd:
        return array(number(kind == 0xdc ? 2 : 4), depth);
      case 0xde:
      case 0xdf:
        return object(number(kind == 0xde ? 2 : 4), depth);
      default:
        return kind >= 0xcc && kind <= 0xd3 ? integer(kind) : std::nullopt;
    }
  }

  std::optional<Json> integer(std::uint8_t kind) {
    const int bytes = 1 << ((kind - 0xcc) % 4);
    const auto bits = number(bytes);
    if (!bits) return std::nullopt;
    if (kind < 0xd0) return Json(*bits);
    const int unused = 64 - (8 * bytes);
    return Json(static_cast<std::int64_t>(*bits << unused) >> unused);
  }

  std::optional<Json> real(int bytes) {
    const auto bits = number(bytes);
    if (!bits) return std::nullopt;
    const double value = bytes == 4
                             ? double{std::bit_cast<float>(static_cast<std::uint32_t>(*bits))}
                             : std::bit_cast<double>(*bits);
    return std::isfinite(value) ? Json(value) : Json(nullptr);
  }

  std::optional<Json> text(std::optional<std::uint64_t> size) {
    const auto bytes = taken(size);
    if (!bytes || !is_valid_utf8(*bytes)) return std::nullopt;
    return Json(*bytes);
  }

  std::optional<Json> binary(std::optional<std::uint64_t> size) {
    const auto bytes = taken(size);
    if (!bytes) return std::nullopt;
    return unread("msgpack", bytes->size(), "bytes");
  }

  std::optional<Json> array(std::optional<std::uint64_t> size, int depth) {
    // Each item has a byte, so nothing is set aside for a size that is only said.
    if (!size || *size > rest_.size()) return std::nullopt;
    Json all = Json::array();
    for (std::uint64_t i = 0; i < *size; ++i) {
      auto item = value(depth + 1);
      if (!item) return std::nullopt;
      all.push_back(*std::move(item));
    }
    return all;
  }

  std::optional<Json> object(std::optional<std::uint64_t> size, int depth) {
    if (!size || *size > rest_.size()) return std::nullopt;
    Json::Object members;
    for (std::uint64_t i = 0; i < *size; ++i) {
      auto key = value(depth + 1);
      if (!key || key->is_array() || key->is_object()) return std::nullopt;
      auto member = value(depth + 1);
      if (!member) return std::nullopt;
      // Keys that are no texts, as JSON has none: {1: "a"} is {"1": "a"}.
      members.emplace_back(key->is_string() ? std::move(key->as_string()) : key->dump(),
                           *std::move(member));
    }
    return Json(std::move(members));
  }

  std::optional<Json> extension(std::optional<std::uint64_t> size, int depth) {
    const auto kind = number(1);
    const auto bytes = taken(size);
    if (!kind || !bytes) return std::nullopt;
    if (*kind == kNumpyArray) return unread("msgpack", bytes->size(), "numpy.ndarray");
    MessagePack inside(*bytes, parts_left_);
    auto value = inside.value(depth + 1);
    if (!value || !inside.rest_.empty()) {
      // Where there are too many parts it is not this one alone that cannot be shown.
      if (parts_left_ == 0) return std::nullopt;
      return unread("msgpack", bytes->size());
    }
    if (*kind == kDeltaSnapshot) return value;
    auto written = written_of(*std::move(value));
    if (!written) return unread("msgpack", bytes->size());
    auto of = written->of;
    auto object = object_of(static_cast<std::uint8_t>(*kind), *std::move(written));
    return object ? *std::move(object) : unread("msgpack", bytes->size(), std::move(of));
  }

  // Of so many bytes, the highest first.
  std::optional<std::uint64_t> number(int bytes) {
    const auto taken = this->taken(bytes);
    if (!taken) return std::nullopt;
    std::uint64_t value = 0;
    for (const char byte : *taken) value = (value << 8) | static_cast<std::uint8_t>(byte);
    return value;
  }
  std::optional<std::string_view> taken(std::optional<std::uint64_t> size) {
    if (!size || *size > rest_.size()) return std::nullopt;
    const auto bytes = rest_.substr(0, *size);
    rest_.remove_prefix(*size);
    return bytes;
  }

  std::string_view rest_;
  std::size_t& parts_left_;
};

/// The last name of an object of LangChain's whose others are as `before`.
std::string_view class_of(const Json& value, std::string_view before) {
  const auto* id = value.find("id");
  if (id == nullptr || !id->is_array() || id->as_array().empty()) return {};
  std::string path;
  for (const auto& part : id->as_array()) {
    if (!part.is_string()) return {};
    path.append(part.as_string()).append("/");
  }
  const auto& name = id->as_array().back().as_string();
  return path == fmt::format("{}{}/", before, name) ? std::string_view(name) : std::string_view();
}

// Depth first: what it has is shown before.
Json shown_object(Json value) {
  const auto* mark = value.find("lc");
  if (mark == nullptr) return value;
  const auto type = value.string_or("type", "");
  if (*mark == Json(1) && type == "constructor") {
    const auto name = class_of(value, "langchain_core/messages/");
    const auto known = std::ranges::find(kMessages, name, &MessageClass::name);
    Json* kwargs = value.find("kwargs");
    if (known == std::end(kMessages) || kwargs == nullptr || !kwargs->is_object()) return value;
    Json message = Json::object({{"type", known->type}});
    for (auto& [key, member] : kwargs->as_object()) message.set(key, std::move(member));
    return message;
  }
  if (*mark != Json(2)) return value;
  if (type == "undefined") return nullptr;
  if (Json* snapshot = value.find("value"); type == "delta_snapshot" && snapshot != nullptr) {
    return std::move(*snapshot);
  }
  if (type == "constructor" && class_of(value, "") == "Set") {
    Json* given = value.find("args");
    if (given != nullptr && given->is_array() && given->as_array().size() == 1) {
      return std::move(given->as_array().front());
    }
  }
  return value;
}

Json shown_json(Json value) {
  if (value.is_array()) {
    for (auto& item : value.as_array()) item = shown_json(std::move(item));
  } else if (value.is_object()) {
    for (auto& [key, member] : value.as_object()) member = shown_json(std::move(member));
    return shown_object(std::move(value));
  }
  return value;
}

}  // namespace

Json unread(std::string_view type, std::size_t bytes, std::string of) {
  Json told = Json::object({{"type", type}, {"bytes", std::uint64_t{bytes}}});
  if (!of.empty()) told.set("of", std::move(of));
  return Json::object({{"__unread__", std::move(told)}});
}

Json Shower::show(std::string_view type, std::string_view bytes) {
  if (type == "null") return nullptr;
  std::optional<Json> value;
  if (type == "msgpack") value = MessagePack(bytes, parts_left_).whole();
  if (type == "json") {
    const auto parts = static_cast<std::size_t>(std::ranges::count_if(
        bytes, [](char byte) { return byte == ',' || byte == '[' || byte == '{'; }));
    if (parts <= parts_left_) {
      parts_left_ -= parts;
      if (auto parsed = parse_json(bytes)) value = shown_json(*std::move(parsed));
    }
  }
  return value ? *std::move(value) : unread(type, bytes.size());
}

bool contains(const Json& value, const Json& wanted, std::int64_t& steps_left) {
  if (steps_left <= 0) return false;
  --steps_left;
  if (wanted.is_object()) {
    return value.is_object() && std::ranges::all_of(wanted.as_object(), [&](const auto& member) {
             steps_left -= static_cast<std::int64_t>(value.as_object().size());
             const auto* found = value.find(member.first);
             return found != nullptr && contains(*found, member.second, steps_left);
           });
  }
  if (wanted.is_array()) {
    return value.is_array() && std::ranges::all_of(wanted.as_array(), [&](const Json& item) {
             return std::ranges::any_of(value.as_array(), [&](const Json& one) {
               return contains(one, item, steps_left);
             });
           });
  }
  return value == wanted;
}

}  // namespace synap::features::checkpoints
