#include "synap/heading.h"

#include <md4c.h>

#include <cstdint>
#include <string>
#include <utility>

#include "synap/front_matter.h"

namespace synap::cli {
namespace {

// The parser takes apart every paragraph up to the heading, some of them (a million brackets that
// nothing closes) in more than linear time: 1 MiB of the worst is done in seconds.
constexpr std::size_t kSearchedBytesMax = 1024 * 1024;

void append_utf8(std::string& out, std::uint32_t point) {
  if (point == 0 || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) point = 0xfffd;
  const auto push = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) return push(point);
  if (point < 0x800) {
    push(0xc0 | point >> 6);
  } else if (point < 0x10000) {
    push(0xe0 | point >> 12);
    push(0x80 | (point >> 6 & 0x3f));
  } else {
    push(0xf0 | point >> 18);
    push(0x80 | (point >> 12 & 0x3f));
    push(0x80 | (point >> 6 & 0x3f));
  }
  push(0x80 | (point & 0x3f));
}

// HTML has 2,231 names; those that people write by hand are here, others stay as they are spelled.
void append_entity(std::string& out, std::string_view entity) {
  static constexpr std::pair<std::string_view, std::uint32_t> kNamed[] = {
      {"amp", '&'},      {"lt", '<'},        {"gt", '>'},       {"quot", '"'},
      {"apos", '\''},    {"nbsp", 0xa0},     {"copy", 0xa9},    {"reg", 0xae},
      {"trade", 0x2122}, {"hellip", 0x2026}, {"ndash", 0x2013}, {"mdash", 0x2014},
      {"lsquo", 0x2018}, {"rsquo", 0x2019},  {"ldquo", 0x201c}, {"rdquo", 0x201d},
      {"laquo", 0xab},   {"raquo", 0xbb},    {"middot", 0xb7},  {"bull", 0x2022},
      {"times", 0xd7},   {"deg", 0xb0},      {"larr", 0x2190},  {"rarr", 0x2192},
      {"auml", 0xe4},    {"ouml", 0xf6},     {"uuml", 0xfc},    {"Auml", 0xc4},
      {"Ouml", 0xd6},    {"Uuml", 0xdc},     {"szlig", 0xdf},   {"eacute", 0xe9},
      {"egrave", 0xe8},  {"agrave", 0xe0},   {"ccedil", 0xe7},  {"ntilde", 0xf1},
      {"lbrace", '{'},   {"rbrace", '}'},    {"lbrack", '['},   {"rbrack", ']'},
      {"lpar", '('},     {"rpar", ')'},      {"ast", '*'},      {"lowbar", '_'},
      {"num", '#'},      {"vert", '|'},      {"bsol", '\\'},    {"grave", '`'},
      {"shy", 0xad},     {"zwj", 0x200d},    {"zwnj", 0x200c},  {"thinsp", 0x2009},
      {"colon", ':'},    {"Tab", '\t'},      {"NewLine", '\n'}, {"commat", '@'}};
  const auto name = entity.substr(1, entity.size() - 2);
  if (name.starts_with("#")) {
    const bool is_hex = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
    const auto point =
        std::stoul(std::string(name.substr(is_hex ? 2 : 1)), nullptr, is_hex ? 16 : 10);
    return append_utf8(out, static_cast<std::uint32_t>(point));
  }
  for (const auto& [known, point] : kNamed) {
    if (known == name) return append_utf8(out, point);
  }
  out += entity;
}

struct Search {
  std::string heading;
  bool is_inside = false;
};

// A callback ends the parser by an answer below 0, whatever it is in.
constexpr int kGoOn = 0;
constexpr int kFound = -1;

int enter_block(MD_BLOCKTYPE type, void*, void* search) {
  if (type == MD_BLOCK_H) static_cast<Search*>(search)->is_inside = true;
  return kGoOn;
}
int leave_block(MD_BLOCKTYPE type, void*, void* user) {
  auto* search = static_cast<Search*>(user);
  if (type != MD_BLOCK_H) return kGoOn;
  search->is_inside = false;
  search->heading = std::string(trimmed(search->heading));
  return search->heading.empty() ? kGoOn : kFound;
}
int enter_span(MD_SPANTYPE, void*, void*) {
  return kGoOn;
}
int leave_span(MD_SPANTYPE, void*, void*) {
  return kGoOn;
}
int add_text(MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* user) {
  auto* search = static_cast<Search*>(user);
  if (!search->is_inside) return kGoOn;
  const std::string_view part(text, size);
  switch (type) {
    case MD_TEXT_HTML:
      break;
    case MD_TEXT_NULLCHAR:
      append_utf8(search->heading, 0xfffd);
      break;
    case MD_TEXT_BR:
    case MD_TEXT_SOFTBR:
      search->heading += ' ';
      break;
    case MD_TEXT_ENTITY:
      append_entity(search->heading, part);
      break;
    default:
      search->heading += part;
  }
  return kGoOn;
}

}  // namespace

std::string first_heading(std::string_view markdown) {
  if (markdown.size() > kSearchedBytesMax) {
    markdown = markdown.substr(0, kSearchedBytesMax);
    markdown = markdown.substr(0, markdown.rfind('\n') + 1);
  }
  Search search;
  const MD_PARSER parser{.abi_version = 0,
                         .flags = MD_DIALECT_COMMONMARK,
                         .enter_block = enter_block,
                         .leave_block = leave_block,
                         .enter_span = enter_span,
                         .leave_span = leave_span,
                         .text = add_text,
                         .debug_log = nullptr,
                         .syntax = nullptr};
  std::ignore = md_parse(markdown.data(), static_cast<MD_SIZE>(markdown.size()), &parser, &search);
  return std::move(search.heading);
}

}  // namespace synap::cli
