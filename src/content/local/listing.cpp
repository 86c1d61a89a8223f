#include "content/local/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <functional>

namespace synap::content {
namespace {

// Calls `use` for each entry that is, or may be, of the kind.
Result<> each_entry(const Descriptor& directory, FileSystem::Kind kind, const std::string& path,
                    const std::function<void(const char*)>& use) {
  const bool is_listed =
      directory.files().list(directory.number(), [&](const char* name, FileSystem::Kind found) {
        if (found == kind || found == FileSystem::Kind::kUnknown) use(name);
      });
  if (!is_listed) return fail(error_of(errno, "list", path));
  return {};
}

class Walk {
 public:
  explicit Walk(const Listing& listing) : listing_(listing) {}

  // The directory `path`, "" or ending in a slash, `depth` levels above the files.
  Result<> enter(const Descriptor& directory, const std::string& path, int depth) {
    if (depth == 0) return list_directory(directory, path);
    std::vector<std::string> below;
    auto read = each_entry(directory, FileSystem::Kind::kDirectory, path, [&](const char* name) {
      if (auto sub = fmt::format("{}{}/", path, name); may_hold(sub)) below.push_back(sub);
    });
    if (!read) return read;
    // With their slashes: "ann-b/" comes before "ann/", though "ann" comes before "ann-b".
    std::ranges::sort(below);
    for (const auto& sub : below) {
      if (is_full()) return {};
      const auto name = sub.substr(path.size(), sub.size() - path.size() - 1);
      const auto opened = open_directory(directory, name);
      if (!opened) {
        // Deleted meanwhile, or no directory at all.
        if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) continue;
        return fail(error_of(errno, "open", sub));
      }
      if (auto done = enter(opened, sub, depth - 1); !done) return done;
    }
    return {};
  }

  Page take_page() { return std::move(page_); }

 private:
  bool is_full() const { return page_.next.has_value(); }

  // Whether a path that begins with `directory` may be asked for.
  bool may_hold(const std::string& directory) const {
    const auto& [prefix, after, limit] = listing_;
    return (directory.starts_with(prefix) || prefix.starts_with(directory)) &&
           (directory > after || after.starts_with(directory));
  }

  // The least names that the page has room for, and one more, which says that there is a next.
  Result<> list_directory(const Descriptor& directory, const std::string& path) {
    const auto room = static_cast<std::size_t>(listing_.limit) - considered_ + 1;
    std::vector<std::string> names;  // a heap, the greatest in front
    auto read = each_entry(directory, FileSystem::Kind::kRegular, path, [&](const char* name) {
      auto whole = path + name;
      if (!whole.starts_with(listing_.prefix) || whole <= listing_.after) return;
      if (names.size() == room && whole >= names.front()) return;
      if (!ContentKey::parse(whole)) return;
      if (names.size() == room) {
        std::ranges::pop_heap(names);
        names.pop_back();
      }
      names.push_back(std::move(whole));
      std::ranges::push_heap(names);
    });
    if (!read) return read;
    std::ranges::sort_heap(names);
    for (const auto& name : names) {
      if (considered_ == static_cast<std::size_t>(listing_.limit)) {
        page_.next = last_;
        return {};
      }
      ++considered_;
      last_ = name;
      add(directory, name, name.substr(path.size()));
    }
    return {};
  }

  void add(const Descriptor& directory, const std::string& path, const std::string& name) {
    FileInfo info;
    // One that is gone since is not there; one that cannot be looked at would be no file of ours.
    if (!directory.files().look(directory.number(), name, info) || !info.is_regular) return;
    page_.items.push_back({path, info.size, info.modified_at});
  }

  const Listing& listing_;
  Page page_;
  std::size_t considered_ = 0;
  std::string last_;
};

}  // namespace

Result<Page> list_files(const Descriptor& root, const Listing& listing) {
  if (listing.limit < 1 || listing.limit > kListedMax) {
    return fail(Code::kBadRequest, fmt::format("The limit of a listing is 1 to {}", kListedMax));
  }
  Walk walk(listing);
  if (auto done = walk.enter(root, "", 2); !done) return fail(done.error());
  return walk.take_page();
}

}  // namespace synap::content
