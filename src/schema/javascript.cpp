// TypeScript and zod: the same walk over a schema, two notations.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "schema/export.h"

namespace synap {
namespace {

using Presence = SchemaField::Presence;

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string number_text(double value) {
  std::string out;
  append_json_number(out, value);
  return out;
}

// Names of members are quoted only where JavaScript wants it.
std::string member_name(const std::string& name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
  };
  const bool is_plain = is_letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
                          return is_letter(c) || (c >= '0' && c <= '9');
                        });
  return is_plain ? name : quoted(name);
}

// A comment in front of a declaration; nothing for no docs.
std::string doc_comment(std::string docs, std::string_view indent) {
  if (docs.empty()) return "";
  for (std::size_t at = 0; (at = docs.find("*/", at)) != std::string::npos;) {
    docs.replace(at, 2, "*\\/");
  }
  if (docs.find('\n') == std::string::npos) return fmt::format("{}/** {} */\n", indent, docs);
  std::string out = fmt::format("{}/**\n", indent);
  for (std::size_t at = 0; at <= docs.size();) {
    const auto end = std::min(docs.find('\n', at), docs.size());
    const auto line = docs.substr(at, end - at);
    out.append(indent).append(line.empty() ? " *" : " * ").append(line).append("\n");
    at = end + 1;
  }
  return out.append(indent).append(" */\n");
}

bool sides_differ(const SchemaNode& node) {
  if (node.inner != nullptr && sides_differ(*node.inner)) return true;
  if (std::ranges::any_of(node.options, [](const auto& each) { return sides_differ(*each); })) {
    return true;
  }
  return std::any_of(node.fields.begin(), node.fields.end(), [](const SchemaField& field) {
    return field.presence == Presence::kDefaulted || sides_differ(*field.schema);
  });
}

// "1 to 100", "at least 1 character", "at most 20 items"; nothing without bounds.
std::string bounds_text(const SchemaNode& node, std::string_view unit) {
  const auto* min = node.check(SchemaCheck::Kind::kMin);
  const auto* max = node.check(SchemaCheck::Kind::kMax);
  if (min == nullptr && max == nullptr) return "";
  std::string out;
  if (min != nullptr && max != nullptr) {
    out = fmt::format("{} to {}", number_text(min->bound), number_text(max->bound));
  } else {
    const auto& only = min != nullptr ? *min : *max;
    out = (min != nullptr ? "at least " : "at most ") + number_text(only.bound);
  }
  if (unit.empty()) return out;
  const bool is_one = max == nullptr ? min->bound == 1 : max->bound == 1;
  return fmt::format("{} {}{}", out, unit, is_one ? "" : "s");
}

// What a reader of the type cannot see in it.
std::string limits_text(const SchemaNode& node) {
  switch (node.kind) {
    case SchemaKind::kNumber:
    case SchemaKind::kInteger:
      return bounds_text(node, "");
    case SchemaKind::kString:
      if (node.check(SchemaCheck::Kind::kUuid) != nullptr) return "a UUID";
      if (node.check(SchemaCheck::Kind::kDatetime) != nullptr) return "a time, ISO 8601";
      return bounds_text(node, "character");
    case SchemaKind::kArray: {
      auto out = bounds_text(node, "item");
      if (const auto each = limits_text(*node.inner); !each.empty()) {
        out.append(out.empty() ? "each " : ", each ").append(each);
      }
      return out;
    }
    case SchemaKind::kNullable:
      return limits_text(*node.inner);
    default:
      return "";
  }
}

// The docs of a field and, where one is to be filled in, its limits and default behind them. Of
// what is read only a time is said to be one.
std::string field_docs(const SchemaField& field, Side side) {
  const bool is_named = !field.schema->name.empty();  // then the docs are there
  std::string out = field.docs.empty() && !is_named ? field.schema->docs : field.docs;
  auto facts = limits_text(*field.schema);
  if (side == Side::kOutput && facts != "a time, ISO 8601") facts.clear();
  if (side == Side::kInput && field.presence == Presence::kDefaulted) {
    facts.append(facts.empty() ? "default " : "; default ").append(field.default_value.dump());
  }
  if (facts.empty()) return out;
  facts[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(facts[0])));
  return out.append(out.empty() ? "" : " ").append(facts).append(".");
}

std::string typescript(const SchemaNode& node, Side side, const std::string& indent);

std::string typescript_members(const SchemaNode& node, Side side, const std::string& indent) {
  if (node.fields.empty()) return "{}";
  std::string out = "{\n";
  const std::string deeper = indent + "  ";
  for (const auto& field : node.fields) {
    const bool may_be_absent = field.presence == Presence::kOptional ||
                               (field.presence == Presence::kDefaulted && side == Side::kInput);
    out.append(doc_comment(field_docs(field, side), deeper));
    // JSON has no undefined: to say it of what is sent is to leave it out. So the cursor of a page
    // that has none may be handed on, under exactOptionalPropertyTypes too.
    out.append(fmt::format("{}{}{}: {}{};\n", deeper, member_name(field.name),
                           may_be_absent ? "?" : "", typescript(*field.schema, side, deeper),
                           may_be_absent && side == Side::kInput ? " | undefined" : ""));
  }
  return out.append(indent).append("}");
}

std::string typescript(const SchemaNode& node, Side side, const std::string& indent) {
  switch (node.kind) {
    case SchemaKind::kUndefined:
      return "void";
    case SchemaKind::kAny:
      return "unknown";
    case SchemaKind::kNull:
      return "null";
    case SchemaKind::kBoolean:
      return "boolean";
    case SchemaKind::kNumber:
    case SchemaKind::kInteger:
      return "number";
    case SchemaKind::kString:
      return "string";
    case SchemaKind::kEnum: {
      std::string out;
      for (const auto& value : node.values) {
        if (!out.empty()) out.append(" | ");
        out.append(quoted(value));
      }
      return out;
    }
    case SchemaKind::kArray: {
      const auto item = typescript(*node.inner, side, indent);
      const bool is_union = node.inner->kind == SchemaKind::kNullable ||
                            node.inner->kind == SchemaKind::kEnum ||
                            node.inner->kind == SchemaKind::kUnion;
      return is_union ? fmt::format("({})[]", item) : item + "[]";
    }
    case SchemaKind::kRecord:
      return fmt::format("Record<string, {}>", typescript(*node.inner, side, indent));
    case SchemaKind::kOptional:
      return typescript(*node.inner, side, indent) + " | undefined";
    case SchemaKind::kNullable:
      return typescript(*node.inner, side, indent) + " | null";
    case SchemaKind::kObject:
      return node.name.empty() ? typescript_members(node, side, indent) : name_on_side(node, side);
    case SchemaKind::kUnion: {
      std::string out;
      for (const auto& option : node.options) {
        if (!out.empty()) out.append(" | ");
        out.append(typescript(*option, side, indent));
      }
      return out;
    }
  }
  return "never";
}

std::string zod(const SchemaNode& node, const std::string& indent);

std::string zod_checks(const SchemaNode& node) {
  std::string out;
  for (const auto& check : node.checks) {
    switch (check.kind) {
      case SchemaCheck::Kind::kMin:
        out.append(".min(" + number_text(check.bound) + ")");
        break;
      case SchemaCheck::Kind::kMax:
        out.append(".max(" + number_text(check.bound) + ")");
        break;
      case SchemaCheck::Kind::kPattern:
        out.append(".regex(/" + check.pattern + "/");
        if (!check.expected.empty()) out.append(", " + quoted(format_sentence(check)));
        out.append(")");
        break;
      case SchemaCheck::Kind::kUuid:
      case SchemaCheck::Kind::kDatetime:
        break;  // these are the schema itself
    }
  }
  return out;
}

std::string zod_members(const SchemaNode& node, const std::string& indent) {
  if (node.fields.empty()) return "z.object({})";
  std::string out = "z.object({\n";
  const std::string deeper = indent + "  ";
  for (const auto& field : node.fields) {
    std::string type = zod(*field.schema, deeper);
    if (field.presence == Presence::kOptional) type.append(".optional()");
    if (field.presence == Presence::kDefaulted) {
      type.append(".default(" + field.default_value.dump() + ")");
    }
    if (!field.docs.empty()) type.append(".describe(" + quoted(field.docs) + ")");
    out.append(fmt::format("{}{}: {},\n", deeper, member_name(field.name), type));
  }
  return out.append(indent).append("})");
}

std::string zod_bare(const SchemaNode& node, const std::string& indent) {
  switch (node.kind) {
    case SchemaKind::kUndefined:
      return "z.void()";
    case SchemaKind::kAny:
      return "z.any()";
    case SchemaKind::kNull:
      return "z.null()";
    case SchemaKind::kBoolean:
      return "z.boolean()";
    case SchemaKind::kNumber:
      return "z.number()" + zod_checks(node);
    case SchemaKind::kInteger:
      return "z.int()" + zod_checks(node);
    case SchemaKind::kString:
      if (node.check(SchemaCheck::Kind::kUuid) != nullptr) return "z.uuid(anId)" + zod_checks(node);
      if (node.check(SchemaCheck::Kind::kDatetime) != nullptr) {
        return "z.iso.datetime(aTime)" + zod_checks(node);
      }
      return "z.string()" + zod_checks(node);
    case SchemaKind::kEnum: {
      if (node.is_literal) return "z.literal(" + quoted(node.values[0]) + ")";
      std::string out;
      for (const auto& value : node.values) {
        if (!out.empty()) out.append(", ");
        out.append(quoted(value));
      }
      return "z.enum([" + out + "])";
    }
    case SchemaKind::kArray:
      return "z.array(" + zod(*node.inner, indent) + ")" + zod_checks(node);
    case SchemaKind::kRecord:
      return "z.record(z.string(), " + zod(*node.inner, indent) + ")";
    case SchemaKind::kOptional:
      return zod(*node.inner, indent) + ".optional()";
    case SchemaKind::kNullable:
      return zod(*node.inner, indent) + ".nullable()";
    case SchemaKind::kObject:
      return zod_members(node, indent);
    case SchemaKind::kUnion: {
      std::string out;
      for (const auto& option : node.options) {
        if (!out.empty()) out.append(", ");
        out.append(zod(*option, indent));
      }
      return "z.discriminatedUnion(" + quoted(node.discriminator) + ", [" + out + "])";
    }
  }
  return "z.never()";
}

std::string zod(const SchemaNode& node, const std::string& indent) {
  if (!node.name.empty()) return node.name;
  std::string out = zod_bare(node, indent);
  if (!node.docs.empty()) out.append(".describe(" + quoted(node.docs) + ")");
  return out;
}

void collect(const SchemaNodePtr& node, std::map<std::string, const SchemaNode*>& seen,
             std::vector<Schema>& named) {
  if (!node->name.empty()) {
    const auto [at, is_new] = seen.emplace(node->name, node.get());
    SYNAP_CHECK(at->second == node.get(), "two objects are called " + node->name);
    if (!is_new) return;
  }
  if (node->inner != nullptr) collect(node->inner, seen, named);
  for (const auto& field : node->fields) collect(field.schema, seen, named);
  for (const auto& option : node->options) collect(option, seen, named);
  if (!node->name.empty()) named.emplace_back(node);
}

}  // namespace

std::string name_on_side(const SchemaNode& named, Side side) {
  if (side == Side::kInput && !named.name.ends_with("Input") && sides_differ(named)) {
    return named.name + "Input";
  }
  return named.name;
}

std::vector<Schema> collect_named(const std::vector<Schema>& roots) {
  std::map<std::string, const SchemaNode*> seen;
  std::vector<Schema> named;
  for (const auto& root : roots) collect(root.node_ptr(), seen, named);
  return named;
}

std::string to_typescript(const Schema& schema, Side side, const std::string& indent) {
  return typescript(schema.node(), side, indent);
}

std::string define_typescript(const Schema& named, Side side) {
  SYNAP_CHECK(!named.name().empty());
  return fmt::format("{}export interface {} {}\n", doc_comment(named.docs(), ""),
                     name_on_side(named.node(), side), typescript_members(named.node(), side, ""));
}

std::string typescript_definitions(const std::vector<Schema>& inputs,
                                   const std::vector<Schema>& outputs) {
  std::vector<Schema> all = inputs;
  all.insert(all.end(), outputs.begin(), outputs.end());
  collect_named(all);  // a name means one object on both sides
  std::map<std::string, const SchemaNode*> written;
  std::string out;
  const auto define = [&](const Schema& named, Side side) {
    const auto name = name_on_side(named.node(), side);
    // What is the same on both sides is written as it is sent, which says more.
    const auto [at, is_new] = written.emplace(name, &named.node());
    SYNAP_CHECK(at->second == &named.node(), "two types are called " + name);
    if (is_new) out.append(out.empty() ? "" : "\n").append(define_typescript(named, side));
  };
  for (const auto& named : collect_named(inputs)) define(named, Side::kInput);
  for (const auto& named : collect_named(outputs)) define(named, Side::kOutput);
  return out;
}

std::string to_zod(const Schema& schema, const std::string& indent) {
  return zod(schema.node(), indent);
}

std::string define_zod(const Schema& named) {
  SYNAP_CHECK(!named.name().empty());
  std::string out = fmt::format("export const {} = {}", named.name(), zod_bare(named.node(), ""));
  if (!named.docs().empty()) out.append(".describe(" + quoted(named.docs()) + ")");
  return out.append(";\n");
}

// Said of the format alone: what is no text at all is another mistake.
std::string zod_sentences() {
  std::string out;
  for (const auto& [name, kind] : {std::pair("anId", SchemaCheck::Kind::kUuid),
                                   std::pair("aTime", SchemaCheck::Kind::kDatetime)}) {
    SchemaCheck check;
    check.kind = kind;
    out += fmt::format(
        "const {} = {{\n  error: ({{ code }} = {{ code: \"\" }}) => (code === \"invalid_format\" "
        "? {} : undefined),\n}};\n",
        name, quoted(format_sentence(check)));
  }
  return out;
}

std::string zod_definitions(const std::vector<Schema>& roots) {
  std::string out;
  for (const auto& named : collect_named(roots)) {
    out.append(out.empty() ? "" : "\n").append(define_zod(named));
  }
  return out;
}

}  // namespace synap
