#include "content/local/listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>

namespace synap::content {
namespace {

// Calls `use` for each entry that is, or may be, of the type.
Result<> each_entry(const Descriptor& directory, unsigned char type, const std::string& path,
                    const std::function<void(const char*)>& use) {
  const int copy = ::fcntl(directory.number(), F_DUPFD_CLOEXEC, 0);
  DIR* listing = copy < 0 ? nullptr : ::fdopendir(copy);
  if (listing == nullptr) {
    const Descriptor closed(copy);
    return fail(error_of(errno, "list", path));
  }
  ::rewinddir(listing);  // the copy shares its place with the original
  int error = 0;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(listing);
    error = errno;
    if (entry == nullptr) break;
    if (entry->d_name[0] == '.') continue;
    if (entry->d_type == type || entry->d_type == DT_UNKNOWN) use(entry->d_name);
  }
  ::closedir(listing);
  if (error != 0) return fail(error_of(error, "list", path));
  return {};
}

class Walk {
 public:
  explicit Walk(const Listing& listing) : listing_(listing) {}

  // The directory `path`, "" or ending in a slash, `depth` levels above the files.
  Result<> enter(const Descriptor& directory, const std::string& path, int depth) {
    if (depth == 0) return list_directory(directory, path);
    std::vector<std::string> below;
    auto read = each_entry(directory, DT_DIR, path, [&](const char* name) {
      if (auto sub = fmt::format("{}{}/", path, name); may_hold(sub)) below.push_back(sub);
    });
    if (!read) return read;
    // With their slashes: "ann-b/" comes before "ann/", though "ann" comes before "ann-b".
    std::ranges::sort(below);
    for (const auto& sub : below) {
      if (is_full()) return {};
      const auto name = sub.substr(path.size(), sub.size() - path.size() - 1);
      const auto opened = open_directory(directory.number(), name);
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
    auto read = each_entry(directory, DT_REG, path, [&](const char* name) {
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
    struct stat info{};
    // One that is gone since is not there; one that cannot be looked at would be no file of ours.
    if (::fstatat(directory.number(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (!S_ISREG(info.st_mode)) return;
    page_.items.push_back(
        {path, info.st_size,
         std::int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000});
  }

  const Listing& listing_;
  Page page_;
  std::size_t considered_ = 0;
  std::string last_;
};

}  // namespace

Result<Page> list_files(int root, const Listing& listing) {
  if (listing.limit < 1 || listing.limit > kListedMax) {
    return fail(Code::kBadRequest, fmt::format("The limit of a listing is 1 to {}", kListedMax));
  }
  const Descriptor top(::dup(root));
  if (!top) return fail(error_of(errno, "list", "the content"));
  Walk walk(listing);
  if (auto done = walk.enter(top, "", 2); !done) return fail(done.error());
  return walk.take_page();
}

}  // namespace synap::content
