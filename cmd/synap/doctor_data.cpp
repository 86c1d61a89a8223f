#include "synap/doctor_data.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/crypto.h"
#include "base/json.h"
#include "content/local/files.h"
#include "pod/data_directory.h"
#include "pod/features.h"
#include "synap/doctor_database.h"

namespace synap::cli {
namespace {

using Status = Check::Status;
using Row = DoctorDatabase::Row;

// Which rows name files of content: the file's path below content/, its size, its checksum. The one
// place of the doctor that knows.
constexpr const char* kFilesSql =
    "SELECT file_path, file_size, checksum FROM notes_data WHERE version > 0 UNION "
    "SELECT file_path, file_size, checksum FROM note_versions_data";
constexpr const char* kFilesAre = "files of notes";

constexpr std::size_t kExamplesMax = 3;

/// The first few of many, in words.
class Examples {
 public:
  void add(std::string text) {
    if (texts_.size() < kExamplesMax) texts_.push_back(std::move(text));
    ++count_;
  }
  std::size_t count() const { return count_; }
  std::string text() const {
    return fmt::format("{}{}", fmt::join(texts_, ", "), count_ > texts_.size() ? ", …" : "");
  }

 private:
  std::vector<std::string> texts_;
  std::size_t count_ = 0;
};

Check check_pages(DoctorDatabase& database, const DataOptions& options) {
  const std::string how = options.is_deep ? "integrity_check" : "quick_check";
  std::string problem;
  auto done = database.each("PRAGMA " + how, [&](const Row& row) {
    problem += problem.empty() ? "" : "; ";
    problem += row[0];
  });
  if (!done) problem = done.error().message;
  if (problem != "ok") {
    return {"database", Status::kFail, "damaged: " + problem.substr(0, 500)};
  }
  return {"database", Status::kOk,
          fmt::format("{} finds nothing wrong{}{}", how,
                      options.is_pod_running
                          ? fmt::format("; read beside the pod (pid {}) that has it", options.pid)
                          : "",
                      options.is_deep ? "" : "; indexes are compared with --deep only")};
}

Check check_schema(DoctorDatabase& database) {
  std::set<std::string, std::less<>> known;
  for (const auto name : pod::migration_names()) known.emplace(name);
  std::set<std::string, std::less<>> retired;
  for (const auto& migration : pod::retired_migrations()) retired.emplace(migration.name);
  bool is_retired = false;
  Examples unknown;
  std::size_t count = 0;
  auto done =
      database.each("SELECT name FROM migrations ORDER BY applied_at, name", [&](const Row& row) {
        ++count;
        if (retired.contains(row[0])) is_retired = true;
        if (!known.contains(row[0])) unknown.add(std::string(row[0]));
      });
  if (!done) return {"schema", Status::kFail, "it cannot be read: " + done.error().message};
  if (is_retired) {
    return {"schema", Status::kFail,
            "made by Synap 0.1.0, whose data directories are not read any more; make a new one"};
  }
  if (unknown.count() > 0) {
    return {"schema", Status::kFail,
            fmt::format("made by a newer synap ({}); this one must not write it", unknown.text())};
  }
  if (count < known.size()) {
    return {"schema", Status::kOk,
            fmt::format("of an older synap; the next start adds {} changes", known.size() - count)};
  }
  return {"schema", Status::kOk, "of this version"};
}

/// What a row says of a file, and how the file is instead: "" if it is as it should be.
struct FileRow {
  std::string path;
  std::int64_t size = 0;
  std::string checksum;
  bool operator==(const FileRow&) const = default;
};

Result<std::vector<FileRow>> file_rows(DoctorDatabase& database) {
  std::vector<FileRow> rows;
  auto done = database.each(kFilesSql, [&](const Row& row) {
    FileRow file{std::string(row[0]), -1, std::string(row[2])};
    std::from_chars(row[1].data(), row[1].data() + row[1].size(), file.size);
    rows.push_back(std::move(file));
  });
  if (!done) return fail(done.error());
  return rows;
}

enum class FileState { kFine, kMissing, kDamaged };

// Follows no symbolic link: a pod does not either.
FileState look_at(const content::Descriptor& root, const FileRow& row, bool is_deep) {
  const auto key = content::ContentKey::parse(row.path);
  if (!key) return FileState::kMissing;
  const auto user = content::open_directory(root, key->user_id());
  const auto directory =
      user ? content::open_directory(user, key->entity_type()) : content::Descriptor();
  struct stat info{};
  if (!directory ||
      ::fstatat(directory.number(), key->file_name().c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return FileState::kMissing;
  }
  if (!S_ISREG(info.st_mode) || info.st_size != row.size) return FileState::kDamaged;
  if (!is_deep) return FileState::kFine;
  const content::Descriptor file(root.files(),
                                 ::openat(directory.number(), key->file_name().c_str(),
                                          O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  Sha256Hasher hasher;
  std::vector<char> buffer(std::size_t{256} * 1024);
  for (;;) {
    const auto count = ::read(file.number(), buffer.data(), buffer.size());
    if (count < 0) return FileState::kDamaged;
    if (count == 0) break;
    hasher.add({buffer.data(), static_cast<std::size_t>(count)});
  }
  return to_hex(hasher.finish()) == row.checksum ? FileState::kFine : FileState::kDamaged;
}

std::string found(const char* what, const Examples& examples) {
  return examples.count() == 0
             ? ""
             : fmt::format("; {} {} ({})", examples.count(), what, examples.text());
}

// A pod that runs may replace or remove a file between its row and a look at it: what is wrong
// counts if its row still says the same afterwards.
Check check_content(DoctorDatabase& database, const DataOptions& options) {
  const auto failed = [](const std::string& why) { return Check{"content", Status::kFail, why}; };
  auto rows = file_rows(database);
  if (!rows) return failed("its rows cannot be read: " + rows.error().message);
  const content::Descriptor root(
      content::FileSystem::real(),
      ::open((options.data + "/content").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::vector<std::pair<FileRow, FileState>> wrong;
  for (const auto& row : *rows) {
    const auto state = look_at(root, row, options.is_deep);
    if (state != FileState::kFine) wrong.emplace_back(row, state);
  }
  if (options.is_pod_running && !wrong.empty()) {
    const auto now = file_rows(database);
    if (!now) return failed("its rows cannot be read: " + now.error().message);
    std::erase_if(wrong, [&](auto& entry) {
      if (std::ranges::find(*now, entry.first) == now->end()) return true;
      entry.second = look_at(root, entry.first, options.is_deep);
      return entry.second == FileState::kFine;
    });
  }
  Examples missing;
  Examples damaged;
  for (const auto& [row, state] : wrong) {
    (state == FileState::kMissing ? missing : damaged).add(row.path);
  }
  const auto unseen =
      fmt::format("{}; files that no row names are not looked at",
                  options.is_deep ? "" : "; checksums are compared with --deep only");
  if (!wrong.empty()) {
    return failed(fmt::format("of {} {}, {} are not as they were stored{}{}{}", rows->size(),
                              kFilesAre, wrong.size(), found("missing", missing),
                              found("damaged", damaged), unseen));
  }
  return {"content", Status::kOk,
          fmt::format("{} {} are there, with their {}{}", rows->size(), kFilesAre,
                      options.is_deep ? "checksums" : "sizes", unseen)};
}

Check check_events(DoctorDatabase& database, const DataOptions& options) {
  Examples broken;
  Examples missing;
  std::string count = "0";
  auto done = database.each("SELECT coalesce(max(position), 0) FROM events",
                            [&](const Row& row) { count = row[0]; });
  if (done && options.is_deep) {
    std::int64_t expected = 1;
    done = database.each(
        "SELECT position, data, metadata FROM events ORDER BY position", [&](const Row& row) {
          const auto position = std::stoll(std::string(row[0]));
          if (position > expected) {
            missing.add(position == expected + 1 ? fmt::to_string(expected)
                                                 : fmt::format("{} to {}", expected, position - 1));
          }
          expected = position + 1;
          const bool is_json =
              parse_json(row[1]).has_value() && (row[2].empty() || parse_json(row[2]).has_value());
          if (!is_json) broken.add(std::string(row[0]));
        });
  }
  if (!done) return {"events", Status::kFail, "they cannot be read: " + done.error().message};
  if (missing.count() > 0) {
    return {"events", Status::kFail,
            fmt::format("of {} events, some are not there any more (position {})", count,
                        missing.text())};
  }
  if (broken.count() > 0) {
    return {"events", Status::kFail,
            fmt::format("of {} events, the data of {} is damaged (position {})", count,
                        broken.count(), broken.text())};
  }
  return {"events", Status::kOk,
          fmt::format("{} events{}", count,
                      options.is_deep ? ", the data of each can be read"
                                      : "; their data is read with --deep only")};
}

}  // namespace

std::vector<Check> check_data(const DataOptions& options) {
  if (const auto why = unreadable(options.data); !why.empty()) {
    return {{"database", Status::kFail, why}};
  }
  if (pod::has_lost_its_database(options.data)) {
    return {{"database", Status::kFail,
             "synap.db is missing or empty, beside content or an owner.key that belong to it; put "
             "it back from a backup"}};
  }
  if (::access((options.data + "/synap.db").c_str(), F_OK) != 0) {
    return {{"database", Status::kOk, "there is none yet"}};
  }
  auto database = DoctorDatabase::open(options.data, options.is_pod_running);
  if (!database) {
    return {{"database", Status::kFail, "it cannot be opened: " + database.error().message}};
  }
  std::vector<Check> checks = {check_pages(**database, options)};
  checks.push_back(check_schema(**database));
  checks.push_back(check_content(**database, options));
  checks.push_back(check_events(**database, options));
  return checks;
}

}  // namespace synap::cli
