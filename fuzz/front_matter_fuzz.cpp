// Front matter of any bytes is read or kept, never more; what is read can be a note, and the note a
// file that is read as the same note.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/clock.h"
#include "synap/heading.h"
#include "synap/markdown_note.h"
#include "synap/note_file.h"

using namespace synap;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto note = cli::read_note("a.md", bytes, {}, unix_ms_now());
  if (!note) return 0;
  SYNAP_CHECK(is_valid_utf8(note->title), "a title is text");
  SYNAP_CHECK(!note->title.empty() && !note->content.empty(), "a note has both");
  Json tags = Json::array();
  for (const auto& tag : note->tags) tags.push_back(tag);
  const Json shown = Json::object({{"id", "01980000-0000-7000-8000-000000000001"},
                                   {"version", 1},
                                   {"createdAt", "2001-01-01T00:00:00.000Z"},
                                   {"updatedAt", "2001-01-01T00:00:00.000Z"},
                                   {"title", note->title},
                                   {"tags", std::move(tags)},
                                   {"properties", note->properties},
                                   {"content", note->content}});
  const auto file = cli::note_file(shown);
  SYNAP_CHECK(file.has_value(), "what was imported can be exported");
  return 0;
}
