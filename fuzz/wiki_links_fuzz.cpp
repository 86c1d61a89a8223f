// Any bytes: looking for links and tags never crashes, and what it finds is short, is in the text
// and comes once. What is taken back of a tag is its "#".
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/check.h"
#include "markdown/hash_tags.h"
#include "markdown/wiki_links.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace synap;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::set<std::string> targets;
  for (const auto& link : markdown::wiki_links(text)) {
    SYNAP_CHECK(!link.target.empty(), text);
    SYNAP_CHECK(targets.insert(link.target).second, link.target);
    SYNAP_CHECK(link.target.find_first_of("#|\n") == std::string::npos, link.target);
  }
  const auto tags = markdown::hash_tags(text);
  SYNAP_CHECK((std::set<std::string>(tags.begin(), tags.end()).size() == tags.size()), text);
  for (const auto& tag : tags) SYNAP_CHECK(markdown::is_hash_tag(tag), tag);
  if (!tags.empty()) {
    const auto without = markdown::with_tag_renamed(text, tags.front(), "");
    SYNAP_CHECK(without.size() < text.size(), tags.front());
  }
  return 0;
}
