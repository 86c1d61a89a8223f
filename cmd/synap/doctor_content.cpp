#include "synap/doctor_content.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <memory>

#include "base/crypto.h"
#include "base/task.h"
#include "content/local/files.h"
#include "content/s3/s3_store.h"
#include "synap/doctor_examples.h"

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
FileState look_at_file(const content::Descriptor& root, const FileRow& row, bool is_deep) {
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

/// What there is of each row, in their order.
using Sight = std::function<Result<std::vector<FileState>>(const std::vector<FileRow>&)>;

Sight sight_of_directory(const DataOptions& options) {
  const auto root = std::make_shared<const content::Descriptor>(
      content::FileSystem::real(),
      ::open((options.data + "/content").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return [root, is_deep = options.is_deep](const std::vector<FileRow>& rows) {
    std::vector<FileState> states;
    for (const auto& row : rows) states.push_back(look_at_file(*root, row, is_deep));
    return Result<std::vector<FileState>>(std::move(states));
  };
}

// Objects that are looked at together: the way to a bucket is long.
constexpr std::size_t kAtOnce = 32;

Task<Result<FileState>> look_at_object(content::ContentStore& store, FileRow row, bool is_deep) {
  const auto key = content::ContentKey::parse(row.path);
  if (!key) co_return FileState::kMissing;
  const auto size = co_await store.size(*key);
  if (!size && size.error().code == Code::kNotFound) co_return FileState::kMissing;
  if (!size) co_return fail(size.error());
  if (*size != row.size) co_return FileState::kDamaged;
  if (!is_deep) co_return FileState::kFine;
  Sha256Hasher hasher;
  auto chunks = store.read(*key, {});
  while (auto chunk = co_await chunks.next()) hasher.add(*chunk);
  if (!chunks.end() && chunks.end().error().fault != Fault::kDamaged) {
    co_return fail(chunks.end().error());
  }
  const bool is_right = chunks.end() && to_hex(hasher.finish()) == row.checksum;
  co_return is_right ? FileState::kFine : FileState::kDamaged;
}

Sight sight_of(std::shared_ptr<content::ContentStore> store, bool is_deep) {
  return [store, is_deep](const std::vector<FileRow>& rows) -> Result<std::vector<FileState>> {
    ThreadExecutor executor("doctor");
    std::vector<FileState> states;
    for (std::size_t begin = 0; begin < rows.size(); begin += kAtOnce) {
      std::vector<Task<Result<FileState>>> looks;
      for (auto i = begin; i < std::min(begin + kAtOnce, rows.size()); ++i) {
        looks.push_back(look_at_object(*store, rows[i], is_deep));
      }
      for (auto& state : sync_wait(executor, when_all(std::move(looks)))) {
        if (!state) return fail(state.error());
        states.push_back(*state);
      }
    }
    return states;
  };
}

Result<Sight> sight_of(const DataOptions& options) {
  if (!options.s3) return sight_of_directory(options);
  auto store = content::S3Store::open(*options.s3);
  if (!store) return fail(store.error());
  return sight_of(std::move(*store), options.is_deep);
}

std::string found(const char* what, const Examples& examples) {
  return examples.count() == 0
             ? ""
             : fmt::format("; {} {} ({})", examples.count(), what, examples.text());
}

// What is not as the rows say.
using Wrong = std::vector<std::pair<FileRow, FileState>>;

Result<Wrong> wrong_of(const Sight& sight, std::vector<FileRow> rows) {
  const auto states = sight(rows);
  if (!states) return fail(states.error());
  Wrong wrong;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if ((*states)[i] != FileState::kFine) wrong.emplace_back(std::move(rows[i]), (*states)[i]);
  }
  return wrong;
}

// A pod that runs may replace or remove a file between its row and a look at it: what is wrong
// counts if its row still says the same afterwards.
Result<Wrong> still_wrong(DoctorDatabase& database, const Sight& sight, const Wrong& wrong) {
  const auto now = file_rows(database);
  if (!now) return fail(now.error());
  std::vector<FileRow> again;
  for (const auto& [row, state] : wrong) {
    if (std::ranges::find(*now, row) != now->end()) again.push_back(row);
  }
  return wrong_of(sight, std::move(again));
}

}  // namespace

Check check_content(DoctorDatabase& database, const DataOptions& options) {
  const auto failed = [](const std::string& why) { return Check{"content", Status::kFail, why}; };
  auto rows = file_rows(database);
  if (!rows) return failed("its rows cannot be read: " + rows.error().message);
  const auto sight = sight_of(options);
  if (!sight) return failed(sight.error().message);
  const auto count = rows->size();
  auto wrong = wrong_of(*sight, std::move(*rows));
  if (wrong && options.is_pod_running && !wrong->empty()) {
    wrong = still_wrong(database, *sight, *wrong);
  }
  if (!wrong) return failed("it cannot be looked at: " + wrong.error().message);
  Examples missing;
  Examples damaged;
  for (const auto& [row, state] : *wrong) {
    (state == FileState::kMissing ? missing : damaged).add(row.path);
  }
  const auto unseen =
      fmt::format("{}; files that no row names are not looked at",
                  options.is_deep ? "" : "; checksums are compared with --deep only");
  if (!wrong->empty()) {
    return failed(fmt::format("of {} {}, {} are not as they were stored{}{}{}", count, kFilesAre,
                              wrong->size(), found("missing", missing), found("damaged", damaged),
                              unseen));
  }
  return {"content", Status::kOk,
          fmt::format("{} {} are there, with their {}{}", count, kFilesAre,
                      options.is_deep ? "checksums" : "sizes", unseen)};
}

Check check_bucket(const content::S3Settings& settings) {
  const auto store = content::S3Store::open(settings);
  if (!store) return {"bucket", Status::kFail, store.error().message};
  ThreadExecutor executor("doctor");
  const auto checked = sync_wait(executor, (*store)->check());
  if (!checked) return {"bucket", Status::kFail, checked.error().message};
  return {"bucket", Status::kOk,
          fmt::format("{} at {} takes an object, gives it back and lets it be removed",
                      settings.bucket, settings.endpoint)};
}

}  // namespace synap::cli
