#include "synap/made_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json_given.h"
#include "synap/file.h"
#include "synap/made_command.h"
#include "synap/made_example.h"

namespace synap::cli {
namespace {

// A text that may be longer is more than a line: it has --file.
constexpr double kLineMax = 10'000;

std::string type_of(const FieldInfo& field) {
  return std::string(field.schema.string_or("type", ""));
}

bool is_switch(const FieldInfo& field) {
  return type_of(field) == "boolean";
}

// --no-due-date: none any more; --no-trusted: false.
bool has_no(const FieldInfo& field) {
  return field.is_nullable || is_switch(field);
}

bool is_list_of_texts(const FieldInfo& field) {
  const Json* items = field.schema.find("items");
  return type_of(field) == "array" && items != nullptr && items->string_or("type", "") == "string";
}

double longest(const FieldInfo& field) {
  const Json* most = field.schema.find("maxLength");
  return type_of(field) == "string" && most != nullptr && most->is_number() ? most->as_number() : 0;
}

// Flags that every command has beside those of its input: such a field has another.
bool is_of_every_command(std::string_view name) {
  constexpr std::array kNames = {"url",     "key",     "data", "json",
                                 "context", "timeout", "wait", "help"};
  return std::ranges::find(kNames, name) != kNames.end();
}

// "tags" is given one by one: --tag.
std::string flag_name(const FieldInfo& field) {
  auto name = kebab(field.name);
  if (is_of_every_command(name)) name.insert(0, "input-");
  if (is_list_of_texts(field) && name.size() > 2 && name.ends_with('s')) name.pop_back();
  return name;
}

std::vector<std::string> values_of(const FieldInfo& field) {
  std::vector<std::string> values;
  const Json* all = field.schema.find("enum");
  if (all == nullptr || !all->is_array()) return values;
  for (const auto& value : all->as_array()) {
    if (value.is_string()) values.push_back(value.as_string());
  }
  return values;
}

std::string docs_of(const FieldInfo& field) {
  constexpr std::string_view kNull = "null: ";
  const bool says_null = field.is_nullable && field.docs.starts_with(kNull);
  std::string docs =
      says_null ? fmt::format("--no-{}: {}", flag_name(field), field.docs.substr(kNull.size()))
                : field.docs;
  const auto add = [&docs](const std::string& text) { docs += (docs.empty() ? "" : " ") + text; };
  FieldInfo without_default = field;
  if (field.schema.is_object()) {
    Json schema = Json::object();
    for (const auto& [key, value] : field.schema.as_object()) {
      if (key != "default") schema.set(key, value);
    }
    without_default.schema = std::move(schema);
  }
  if (docs.empty() && field.schema.string_or("format", "") == "uuid") docs = "An id.";
  if (const auto limits = without_default.limits(); !limits.empty()) add("(" + limits + ")");
  if (is_list_of_texts(field)) add("May be given several times.");
  if (field.is_nullable && !says_null)
    add(fmt::format("--no-{}: none any more.", flag_name(field)));
  const Json* value = field.schema.find("default");
  if (value != nullptr && !value->is_null() &&
      !(value->is_string() && value->as_string().empty())) {
    add(fmt::format("Default: {}", value->is_string() ? value->as_string() : value->dump()));
  }
  return docs;
}

Result<std::string> read_whole(const std::string& path) {
  if (path == "-") return read_stdin();
  auto text = read_file(path, {.takes_streams = true});
  if (!text) {
    return fail(Code::kBadRequest, fmt::format("--file {} {}", path, text.error().message));
  }
  return text;
}

Result<Json> json_value(const FieldInfo& field, const std::string& text) {
  const auto type = type_of(field);
  if (type == "string" || field.schema.find("enum") != nullptr) {
    if (text != "-") return Json(text);
    auto given = read_stdin();
    if (!given) return fail(given.error());
    return Json(std::move(*given));
  }
  const auto wrong = [&] {
    return fail(Code::kBadRequest,
                fmt::format("--{} must be {}, not \"{}\"", flag_name(field), field.type(), text));
  };
  auto json = parse_given_json(text);
  // JSON, and a number in it that would not be kept as it is.
  if (!json && parse_json(text)) {
    return fail(Code::kBadRequest, fmt::format("--{}: {}", flag_name(field), json.error().message));
  }
  const bool is_whole = json && json->is_integer();
  if (type == "integer" && !is_whole) return wrong();
  if (type == "number" && !(json && json->is_number())) return wrong();
  if (type == "boolean" && !(json && json->is_bool())) return wrong();
  if ((type == "object" || type == "array") && !json) return wrong();
  if (!json) return Json(text);  // anything may be a text
  return std::move(*json);
}

// "TITLE": how help and errors call what stands without a flag.
std::string argument_name(const FieldInfo& field) {
  auto name = kebab(field.name);
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c == '-' ? '_' : c;
  });
  return name;
}

}  // namespace

std::string kebab(std::string_view camel) {
  std::string out;
  for (const char c : camel) {
    if (c >= 'A' && c <= 'Z') {
      out += '-';
      out += static_cast<char>(c - 'A' + 'a');
    } else {
      out += c;
    }
  }
  return out;
}

MadeInput::MadeInput(const ProcedureInfo& procedure) : path_(procedure.path) {
  for (auto& field : fields_of(procedure.input)) {
    all_.push_back({.field = std::move(field)});
    auto& given = all_.back();
    if (argument_ == nullptr && given.field.is_required && type_of(given.field) == "string") {
      argument_ = &given.field;
    }
    // What is said is the argument, also where it may be absent (chat.send).
    const bool is_saying = procedure.kind == "mutation" && given.field.name == "text";
    if (argument_ == nullptr && is_saying && type_of(given.field) == "string") {
      argument_ = &given.field;
    }
    const double size = longest(given.field);
    if (size > kLineMax && (long_text_ == nullptr || size > longest(long_text_->field))) {
      long_text_ = &given;
    }
  }
}

Option MadeInput::option_of(Given& given) {
  const auto name = flag_name(given.field);
  Option option{.name = "--" + name, .docs = docs_of(given.field), .target = &given.text};
  if (&given.field == argument_) {
    option.name = fmt::format("{},--{}", argument_name(given.field), name);
  }
  if (is_list_of_texts(given.field)) {
    option.target = &given.texts;
    if (name != kebab(given.field.name)) option.name += ",--" + kebab(given.field.name);
  }
  const auto type = type_of(given.field);
  option.is_switch = is_switch(given.field);
  option.has_no = option.is_switch && !given.field.is_nullable;
  option.values = values_of(given.field);
  if (type == "integer" || type == "number") option.value = "NUMBER";
  if (type == "object" || type == "array" || type.empty()) {
    if (!is_list_of_texts(given.field) && option.values.empty()) option.value = "JSON";
  }
  if (given.field.schema.string_or("format", "") == "uuid") option.value = "ID";
  return option;
}

std::vector<Option> MadeInput::options() {
  std::vector<Option> options;
  bool has_file = false;
  for (auto& given : all_) {
    options.push_back(option_of(given));
    has_file = has_file || given.field.name == "file";
    if (!has_no(given.field)) continue;
    options.push_back({.name = "--no-" + flag_name(given.field),
                       .docs = "",
                       .target = &given.is_no,
                       .is_hidden = true});
  }
  if (long_text_ != nullptr && !has_file) {
    options.push_back(
        {.name = "--file",
         .docs = fmt::format("Read {} from this file; - is stdin.", long_text_->field.name),
         .target = &file_,
         .value = "FILE"});
  }
  return options;
}

void MadeInput::set_argument(const std::string& text) {
  for (auto& given : all_) {
    if (&given.field == argument_) given.text = text;
  }
}

std::optional<std::string> MadeInput::argument_text() const {
  for (const auto& given : all_) {
    if (&given.field == argument_) return given.text;
  }
  return std::nullopt;
}

std::string MadeInput::text_of(const Json& input) const {
  std::string text;
  for (const auto& given : all_) {
    const Json* value = input.find(given.field.name);
    if (value == nullptr) continue;
    const auto flag = " --" + flag_name(given.field);
    const auto word = [](const Json& one) {
      if (!one.is_string()) return shell_word(one.dump());
      return shell_word(one.as_string().substr(0, one.as_string().find('\n')));
    };
    if (value->is_null() || *value == Json(false)) {
      text += " --no-" + flag_name(given.field);
    } else if (*value == Json(true)) {
      text += flag;
    } else if (is_list_of_texts(given.field)) {
      for (const auto& one : value->as_array()) text += flag + " " + word(one);
    } else {
      text += (&given.field == argument_ ? "" : flag) + " " + word(*value);
    }
  }
  return text;
}

Result<Json> MadeInput::value_of(const Given& given) const {
  if (is_list_of_texts(given.field)) {
    Json list = Json::array();
    for (const auto& text : given.texts) list.push_back(text);
    return list;
  }
  return json_value(given.field, *given.text);
}

Result<Json> MadeInput::json() {
  Json input = Json::object();
  for (const auto& given : all_) {
    const bool has_value = given.text || !given.texts.empty();
    const bool has_file = file_ && &given == long_text_;
    if (has_value && (has_file || given.is_no)) {
      const auto flag = flag_name(given.field);
      return fail(Code::kBadRequest, fmt::format("Give --{} or {}, not both", flag,
                                                 has_file ? "--file" : "--no-" + flag));
    }
    if (has_file) {
      auto text = read_whole(*file_);
      if (!text) return fail(text.error());
      input.set(given.field.name, std::move(*text));
    } else if (given.is_no) {
      input.set(given.field.name, given.field.is_nullable ? Json(nullptr) : Json(false));
    } else if (given.text || !given.texts.empty()) {
      auto value = value_of(given);
      if (!value) return value;
      input.set(given.field.name, std::move(*value));
    } else if (given.field.is_required) {
      return fail(
          Code::kBadRequest,
          fmt::format("{} is missing", &given.field == argument_ ? argument_name(given.field)
                                                                 : "--" + flag_name(given.field)));
    }
  }
  return input;
}

}  // namespace synap::cli
