#include "synap/markdown_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/json.h"
#include "pod/data_directory.h"

namespace synap::cli {
namespace {

namespace fs = std::filesystem;

bool is_markdown(const fs::path& path) {
  auto extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return extension == ".md" || extension == ".markdown";
}

std::string link_reason(const fs::path& root, const fs::path& link) {
  std::error_code failed;
  const auto target = fs::canonical(link, failed);
  if (failed) return "a symbolic link that leads nowhere";
  const auto inside = target.lexically_relative(root);
  const bool leaves = inside.empty() || *inside.begin() == "..";
  return leaves ? "a symbolic link that leads out of the directory"
                : fmt::format("a symbolic link to {}, which is in the directory itself",
                              displayed(inside.string()));
}

class Walk {
 public:
  explicit Walk(MarkdownTree& tree) : tree_(tree), root_(tree.root) {}

  void directory(const fs::path& path) {
    std::error_code failed;
    for (fs::directory_iterator it(path, failed), end; it != end && !failed; it.increment(failed)) {
      entry(*it);
    }
    if (failed) lose(path, failed.message());
  }

 private:
  void entry(const fs::directory_entry& entry) {
    std::error_code failed;
    const auto status = entry.symlink_status(failed);
    const auto& path = entry.path();
    if (failed) return lose(path, failed.message());
    if (fs::is_symlink(status)) {
      std::error_code ignored;
      const bool matters = is_markdown(path) || fs::is_directory(path, ignored);
      return matters ? skip(path, link_reason(root_, path)) : void(++tree_.others);
    }
    if (fs::is_directory(status)) {
      if (path.filename().string().starts_with('.')) return skip(path, "a hidden directory");
      if (pod::DataDirectory::is_one(path)) return skip(path, "the directory of a pod");
      return directory(path);
    }
    if (!is_markdown(path)) return void(++tree_.others);
    if (!fs::is_regular_file(status)) return skip(path, "not a regular file");
    tree_.files.push_back(path.lexically_relative(root_).string());
  }

  void skip(const fs::path& path, std::string reason) {
    tree_.skipped.push_back(
        {displayed(path.lexically_relative(root_).string()), std::move(reason)});
  }

  void lose(const fs::path& path, std::string reason) {
    skip(path, std::move(reason));
    tree_.skipped.back().is_lost = true;
  }

  MarkdownTree& tree_;
  fs::path root_;
};

}  // namespace

Result<MarkdownTree> find_markdown(const std::string& directory) {
  std::error_code failed;
  MarkdownTree tree;
  if (directory.empty()) return fail(Code::kBadRequest, "The directory has no name");
  tree.root = fs::canonical(directory, failed).string();
  if (failed) {
    return fail(Code::kNotFound, fmt::format("There is no directory {}", displayed(directory)));
  }
  if (!fs::is_directory(tree.root, failed)) {
    return fail(Code::kBadRequest, fmt::format("{} is no directory: give the one that it is in",
                                               displayed(directory)));
  }
  if (const auto pod = pod::DataDirectory::pod_around(tree.root); !pod.empty()) {
    return fail(Code::kBadRequest,
                fmt::format("{} is the directory of a pod, whose files are its own; `synap export` "
                            "writes its notes into another one",
                            displayed(pod)));
  }
  Walk(tree).directory(tree.root);
  std::ranges::sort(tree.files);
  std::ranges::sort(tree.skipped, {}, &Skipped::path);
  return tree;
}

std::string displayed(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const auto valid = valid_utf8_prefix(path);
    out += path.substr(0, valid);
    path.remove_prefix(valid);
    if (path.empty()) break;
    out += "\xef\xbf\xbd";  // U+FFFD
    path.remove_prefix(1);
  }
  return out;
}

}  // namespace synap::cli
