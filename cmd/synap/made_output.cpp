#include "synap/made_output.h"

#include <fmt/format.h>

#include <algorithm>

#include "synap/output.h"
#include "synap/table.h"
#include "synap/terminal.h"
#include "synap/times.h"

namespace synap::cli {
namespace {

const Json* schema_of_items(const ProcedureInfo& procedure) {
  const Json* properties = procedure.output.find("properties");
  if (properties == nullptr || !properties->is_object() || properties->as_object().empty()) {
    return nullptr;
  }
  const auto& first = properties->as_object().front().second;
  const Json* items = first.find("items");
  const bool is_list = first.string_or("type", "") == "array" && items != nullptr &&
                       items->string_or("type", "") == "object";
  return is_list ? items : nullptr;
}

// Hardly anything is ever damaged: a column at the end, and only where something is.
bool is_mark(const FieldInfo& field) {
  return field.name == "damaged";
}

std::string format_of(const FieldInfo& field) {
  return std::string(field.schema.string_or("format", ""));
}

std::string text_of(const Json* value) {
  if (value == nullptr || value->is_null()) return "";
  if (value->is_string()) return value->as_string();
  if (!value->is_array()) return value->dump();
  std::string text;
  for (const auto& item : value->as_array()) {
    text += (text.empty() ? "" : ",") + (item.is_string() ? item.as_string() : item.dump());
  }
  return text;
}

// What a column says of an object is its first text: the cron of a schedule, who has paused.
const std::string* word_of(const Json& object) {
  for (const auto& [key, value] : object.as_object()) {
    if (value.is_string()) return &value.as_string();
  }
  return nullptr;
}

// As text_of(), in a word: JSON is for programs.
std::string short_text_of(const Json* value) {
  if (value == nullptr) return "";
  if (value->is_bool()) return *value == Json(true) ? "yes" : "no";
  if (value->is_object()) {
    const auto* word = word_of(*value);
    return word == nullptr ? "" : *word;
  }
  if (!value->is_array()) return text_of(value);
  std::string text;
  for (const auto& item : value->as_array()) {
    text += (text.empty() ? "" : ", ") + short_text_of(&item);
  }
  return text;
}

// One whose first field is a text, such as a choice, is said in a word; others are not.
bool has_word(const FieldInfo& field) {
  if (field.schema.string_or("type", "") != "object") return true;
  const Json* properties = field.schema.find("properties");
  return properties != nullptr && properties->is_object() && !properties->as_object().empty() &&
         properties->as_object().front().second.string_or("type", "") == "string";
}

// 0: the id; 1: what people have written, and what things are called; 2: times; 3: the rest.
int rank_of(const FieldInfo& field, const std::vector<FieldInfo>& written) {
  if (field.name == "id") return 0;
  if (field.name == "title" || field.name == "name") return 1;  // whoever has given it
  // An object has no short form: it must not take the room of a title.
  if (field.schema.string_or("type", "") == "object") return 3;
  const auto same = [&](const FieldInfo& other) { return other.name == field.name; };
  const auto known = std::ranges::find_if(written, same);
  // A thing that is made of other things says nothing without them: the ends of a relation.
  if (known != written.end() && (format_of(field) != "uuid" || known->is_required)) return 1;
  if (format_of(field) == "date-time") return 2;
  return 3;
}

Cell cell_of(const FieldInfo& field, const Json& item) {
  auto text = short_text_of(item.find(field.name));
  if (format_of(field) == "uuid") return {short_id(text), Colour::kFaint};
  if (format_of(field) == "date-time") return {local_time(text).substr(0, 16), Colour::kNone};
  // A text of many lines begins with its first.
  text = text.substr(0, text.find('\n'));
  const bool is_choice = field.schema.find("enum") != nullptr;
  return {std::move(text), is_choice ? colour_of(text_of(item.find(field.name))) : Colour::kNone};
}

// "dueDate" is "DUE DATE"; "createdAt", a time, is "CREATED"; "isYours", a flag, is "YOURS";
// "toId", an id, is "TO".
std::string heading_of(const FieldInfo& field) {
  std::string_view name = field.name;
  const bool is_flag = field.schema.string_or("type", "") == "boolean";
  if (is_flag && name.size() > 2 && name.starts_with("is")) name.remove_prefix(2);
  if (format_of(field) == "date-time" && name.size() > 2 && name.ends_with("At")) {
    name.remove_suffix(2);
  }
  if (format_of(field) == "uuid" && name.size() > 2 && name.ends_with("Id")) name.remove_suffix(2);
  std::string heading;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z' && !heading.empty()) heading += ' ';
    heading += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return heading;
}

Table table_of(std::vector<FieldInfo> fields, const Json& made_by, const std::vector<Json>& items) {
  const auto written = fields_of(made_by);
  // An id that is a name with more behind it says no more than the name.
  const bool is_named =
      std::ranges::any_of(fields, [](const FieldInfo& field) { return field.name == "name"; });
  std::erase_if(fields, [&](const FieldInfo& field) {
    return !has_word(field) || (is_named && field.name == "id" && format_of(field).empty());
  });
  // Where nothing is known of what people write, every field may be what they look for.
  const auto rank = [&](const FieldInfo& field) {
    const int own = rank_of(field, written);
    const bool is_flag = field.schema.string_or("type", "") == "boolean";
    return written.empty() && own == 3 && !is_flag ? 1 : own;
  };
  std::vector<std::pair<int, FieldInfo>> ranked;
  for (int wanted = 0; wanted <= 3; ++wanted) {
    for (const auto& field : fields) {
      if (rank(field) == wanted) ranked.emplace_back(wanted, field);
    }
  }
  std::vector<Column> columns;
  for (const auto& [own, field] : ranked) {
    const auto type = field.schema.string_or("type", "");
    columns.push_back({.heading = heading_of(field),
                       .is_number = type == "integer" || type == "number",
                       .is_fixed = !format_of(field).empty(),
                       .is_extra = own == 3});
  }
  Table table(std::move(columns));
  for (const auto& item : items) {
    std::vector<Cell> row;
    for (const auto& [own, field] : ranked) row.push_back(cell_of(field, item));
    table.add(std::move(row));
  }
  return table;
}

// What moves no cursor, line by line, each behind the first with so many spaces in front.
std::string indented(std::string_view text, std::size_t spaces) {
  std::string out;
  while (text.ends_with('\n')) text.remove_suffix(1);
  for (;;) {
    const auto end = text.find('\n');
    out += printable(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    out += "\n" + std::string(spaces, ' ');
    text.remove_prefix(end + 1);
  }
}

std::string line_of(std::string_view key, std::size_t longest, const std::string& text) {
  return coloured(padded(key, longest), Colour::kFaint, has_colour()) + "  " +
         indented(text, longest + 2) + "\n";
}

std::size_t longest_key(const Json& object) {
  std::size_t longest = 0;
  for (const auto& [key, value] : object.as_object()) longest = std::max(longest, key.size());
  return longest;
}

// A cell has the beginning of a text alone, and two that begin alike would look the same. Objects
// are said in a word, if at all.
bool fits_into_cells(const std::vector<FieldInfo>& fields, const Json& items) {
  constexpr std::size_t kCellMax = 40;
  return std::ranges::all_of(items.as_array(), [&](const Json& item) {
    return std::ranges::all_of(fields, [&](const FieldInfo& field) {
      if (field.schema.string_or("type", "") == "object") return true;
      const auto text = text_of(item.find(field.name));
      return text.size() <= kCellMax && text.find('\n') == std::string::npos;
    });
  });
}

// A list of objects within what is shown, in a terminal: a table below it, or their fields where
// these are long. Empty: it is none.
std::string table_within(const ProcedureInfo& procedure, const std::string& name,
                         const Json& value) {
  if (!is_terminal() || !value.is_array() || value.as_array().empty()) return "";
  const Json* properties = procedure.output.find("properties");
  const Json* field = properties == nullptr ? nullptr : properties->find(name);
  const Json* items = field == nullptr ? nullptr : field->find("items");
  if (items == nullptr || items->string_or("type", "") != "object") return "";
  auto fields = fields_of(*items);
  if (!fits_into_cells(fields, value)) {
    std::string blocks;
    for (const auto& item : value.as_array()) {
      if (!blocks.empty()) blocks += "\n";
      for (const auto& [key, member] : item.as_object()) {
        blocks += line_of(key, longest_key(item), text_of(&member));
      }
    }
    return blocks;
  }
  // What is the same everywhere says nothing.
  std::erase_if(fields, [](const FieldInfo& one) { return one.schema.find("const") != nullptr; });
  return table_of(std::move(fields), nullptr, value.as_array())
      .text(terminal_width(), has_colour());
}

}  // namespace

std::string items_name(const ProcedureInfo& procedure) {
  if (schema_of_items(procedure) == nullptr) return "";
  return procedure.output.find("properties")->as_object().front().first;
}

std::vector<std::string> item_fields(const ProcedureInfo& procedure) {
  std::vector<std::string> names;
  const Json* schema = schema_of_items(procedure);
  if (schema == nullptr) return names;
  for (const auto& field : fields_of(*schema)) {
    if (!is_mark(field)) names.push_back(field.name);
  }
  return names;
}

void show_items(const ProcedureInfo& procedure, const Json& made_by,
                const std::vector<Json>& items) {
  const Json* schema = schema_of_items(procedure);
  if (schema == nullptr) return;
  auto fields = fields_of(*schema);
  if (const auto mark = std::ranges::find_if(fields, is_mark); mark != fields.end()) {
    std::rotate(mark, mark + 1, fields.end());
    const auto is_damaged = [](const Json& item) { return item.find("damaged") != nullptr; };
    if (std::ranges::none_of(items, is_damaged)) fields.pop_back();
  }
  if (is_terminal()) return table_of(fields, made_by, items).show(items_name(procedure));
  for (const auto& item : items) {
    std::string line;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      auto text = text_of(item.find(fields[i].name));
      std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\t'; }, ' ');
      line += (i == 0 ? "" : "\t") + printable(text);
    }
    print_line(line);
  }
}

void show_object(const ProcedureInfo& procedure, const Json& object) {
  if (!object.is_object()) return print_json(object);
  const auto longest = longest_key(object);
  std::string below;
  std::string tables;
  std::string text;
  for (const auto& [key, value] : object.as_object()) {
    // The beginning of what is shown whole.
    if (key == "preview" && object.find("content") != nullptr) continue;
    if (const auto table = table_within(procedure, key, value); !table.empty()) {
      tables += "\n" + coloured(key, Colour::kFaint, has_colour()) + "\n" + table;
      continue;
    }
    const auto shown = text_of(&value);
    if (key == "content" && shown.find('\n') != std::string::npos) {
      below += "\n" + shown + (shown.ends_with('\n') ? "" : "\n");
      continue;
    }
    const bool is_time = is_terminal() && key.ends_with("At");
    text += line_of(key, longest, is_time ? local_time(shown) : shown);
  }
  // The text of a note is shown as it is, but for what could move the cursor of a terminal.
  if (is_terminal()) {
    std::string safe;
    for (std::string_view rest = below; !rest.empty();) {
      const auto end = std::min(rest.find('\n'), rest.size() - 1);
      safe +=
          printable(rest.substr(0, end)) + (rest[end] == '\n' ? "\n" : printable(rest.substr(end)));
      rest.remove_prefix(end + 1);
    }
    below = std::move(safe);
  }
  page(text + tables + below);
}

}  // namespace synap::cli
