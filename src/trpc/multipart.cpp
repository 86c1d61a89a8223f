#include "trpc/multipart.h"

#include <optional>
#include <string>

#include "net/ascii.h"
#include "trpc/url.h"

namespace synap::trpc {
namespace {

// A form of more fields than this is an attack on memory: a part may be twelve bytes of body.
constexpr std::size_t kFieldsMax = 10'000;

std::unexpected<Error> not_a_form() {
  return fail(Code::kBadRequest, "Failed to parse body as FormData.");
}

// The value of a parameter: `name="value"` or `name=value`, between semicolons. A quoted value may
// contain semicolons, so this walks instead of splitting.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  auto at = header.find(';');
  while (at != std::string_view::npos) {
    header.remove_prefix(at + 1);
    const auto equals = header.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const auto key = net::trimmed(header.substr(0, equals));
    header.remove_prefix(equals + 1);
    header = net::trimmed(header);
    std::string value;
    if (header.starts_with('"')) {
      std::size_t i = 1;
      for (; i < header.size() && header[i] != '"'; ++i) {
        // Browsers escape with %22; older tools with a backslash.
        if (header[i] == '\\' && i + 1 < header.size() && header[i + 1] == '"') ++i;
        value.push_back(header[i]);
      }
      if (i == header.size()) return std::nullopt;
      header.remove_prefix(i + 1);
    } else {
      value = net::trimmed(header.substr(0, header.find(';')));
    }
    if (net::equal_ignoring_case(key, name)) return value;
    at = header.find(';');
  }
  return std::nullopt;
}

std::string without_form_escapes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto escape = text.substr(i, 3);
    if (escape == "%22" || escape == "%0D" || escape == "%0A") {
      out.push_back(escape == "%22" ? '"' : escape == "%0D" ? '\r' : '\n');
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return to_valid_utf8(out);
}

std::optional<rpc::FormField> parse_part(std::string_view part) {
  rpc::FormField field;
  bool has_name = false;
  for (;;) {
    const auto end = part.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    const auto line = part.substr(0, end);
    part.remove_prefix(end + 2);
    if (line.empty()) break;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto name = net::trimmed(line.substr(0, colon));
    const auto value = net::trimmed(line.substr(colon + 1));
    if (net::equal_ignoring_case(name, "content-type")) {
      field.content_type = to_valid_utf8(value);
    } else if (net::equal_ignoring_case(name, "content-disposition")) {
      if (!net::equal_ignoring_case(net::trimmed(value.substr(0, value.find(';'))), "form-data")) {
        return std::nullopt;
      }
      const auto form_name = parameter(value, "name");
      if (!form_name) return std::nullopt;
      has_name = true;
      field.name = without_form_escapes(*form_name);
      if (const auto filename = parameter(value, "filename")) {
        field.filename = without_form_escapes(*filename);
      }
    }
  }
  if (!has_name) return std::nullopt;
  if (field.filename) {
    field.value = part;
    if (field.content_type.empty()) field.content_type = "text/plain";
  } else {
    field.value = to_valid_utf8(part);
    field.content_type.clear();
  }
  return field;
}

}  // namespace

Result<std::vector<rpc::FormField>> parse_multipart(std::string_view content_type,
                                                    std::string_view body) {
  const auto boundary = parameter(content_type, "boundary");
  // RFC 2046 5.1.1 allows 70 characters.
  if (!boundary || boundary->empty() || boundary->size() > 70) return not_a_form();
  const std::string opening = "--" + *boundary;
  const std::string between = "\r\n" + opening;

  if (!body.starts_with(opening)) {
    const auto preamble = body.find(between);
    if (preamble == std::string_view::npos) return not_a_form();
    body.remove_prefix(preamble + 2);
  }
  body.remove_prefix(opening.size());

  std::vector<rpc::FormField> fields;
  while (!body.starts_with("--")) {
    if (!body.starts_with("\r\n") || fields.size() == kFieldsMax) return not_a_form();
    body.remove_prefix(2);
    const auto end = body.find(between);
    if (end == std::string_view::npos) return not_a_form();
    auto field = parse_part(body.substr(0, end));
    if (!field) return not_a_form();
    fields.push_back(std::move(*field));
    body.remove_prefix(end + between.size());
  }
  return fields;
}

}  // namespace synap::trpc
