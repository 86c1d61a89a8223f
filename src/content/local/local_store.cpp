#include "content/local/local_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unordered_set>

#include "base/crypto.h"
#include "content/local/listing.h"

namespace synap::content {
namespace {

// What one sync can serve; the rest waits for the next, so that an answer does not wait for
// thousands of files.
constexpr std::size_t kGroupMax = 256;

/// Work that is a function, and its result. The function owns all that it needs.
struct Job : Work {
  virtual void run() = 0;
};
template <class T>
struct JobOf final : Job {
  explicit JobOf(std::function<Result<T>()> of_function) : function(std::move(of_function)) {}
  // What the function owned goes before the coroutine goes on: whoever is told that a put has
  // failed finds nothing of it.
  void run() override {
    result.emplace(function());
    function = nullptr;
  }
  std::function<Result<T>()> function;
  std::optional<Result<T>> result;
};

template <class T>
Task<Result<T>> run_on(WorkQueue& queue, std::function<Result<T>()> function) {
  auto job = std::make_shared<JobOf<T>>(std::move(function));
  co_await Done(queue, job);
  co_return std::move(*job->result);
}

// One job. False: there will be none any more.
bool run_job(WorkQueue& queue) {
  WorkGroup job;
  if (!queue.take(job, 1, [](const Work&) { return true; })) return false;
  if (job.empty()) return true;
  static_cast<Job&>(*job.front()).run();
  queue.finish(job);
  return true;
}

/// A file that is read chunk by chunk; of one thread after another.
class Reading {
 public:
  Reading(const Descriptor& root, ContentKey key, Range range)
      : root_(root), key_(std::move(key)), range_(range) {}

  /// The number of bytes that are left, once it is open.
  Result<std::int64_t> open() {
    auto file = open_file(root_, key_);
    if (!file) return fail(file.error());
    const auto size = size_of(*file, key_);
    if (!size) return fail(size.error());
    const auto part = cut(range_, *size);
    if (!part) return fail(part.error());
    range_ = *part;
    file_ = std::move(*file);
    return range_.length;
  }
  Result<std::string> next() {
    if (!file_) {
      if (auto opened = open(); !opened) return fail(opened.error());
    }
    const auto count =
        std::min<std::int64_t>(range_.length, static_cast<std::int64_t>(kChunkBytesMax));
    auto bytes = read_at(file_, range_.offset, static_cast<std::size_t>(count), key_);
    range_.offset += count;
    range_.length -= count;
    return bytes;
  }
  bool is_at_end() const { return file_ && range_.length == 0; }

  Result<std::string> all() {
    const auto length = open();
    if (!length) return fail(length.error());
    if (*length > kWholeBytesMax) {
      return fail(Code::kPayloadTooLarge,
                  fmt::format("These are {} bytes; more than {} are read in chunks", *length,
                              kWholeBytesMax));
    }
    return read_at(file_, range_.offset, static_cast<std::size_t>(*length), key_);
  }

 private:
  const Descriptor& root_;
  ContentKey key_;
  Range range_;
  Descriptor file_;
};

}  // namespace

Result<std::unique_ptr<LocalStore>> LocalStore::open(const std::string& root, Place place) {
  std::unique_ptr<LocalStore> store(new LocalStore(root, place));
  store->root_ = Descriptor(place.files, place.files.open_root(root));
  if (!store->root_) {
    return fail(Code::kServiceUnavailable,
                fmt::format("{} cannot be used: {}", root, std::strerror(errno)));
  }
  const auto prefix = place.is_shared ? place.world.new_id().to_string() + "-" : std::string();
  if (auto opened = Aside::open(store->root_, store->aside_, prefix); !opened) {
    return fail(opened.error());
  }
  auto* self = store.get();
  store->group_writer_.emplace(store->root_, store->aside_);
  store->writer_ = place.world.start_thread("content writer", ThreadPriority::kBackground,
                                            [self] { return self->turn_of_writer(); });
  store->reader_ = place.world.start_thread("content reader", ThreadPriority::kNormal,
                                            [self] { return run_job(self->reads_); });
  store->long_worker_ = place.world.start_thread("content long", ThreadPriority::kBackground,
                                                 [self] { return run_job(self->long_work_); });
  return store;
}

Result<> LocalStore::check_place() const {
  if (files_.is_root(root_.number(), root_path_)) return {};
  return fail({Code::kServiceUnavailable,
               "The directory of texts was moved, removed or replaced; put it back, or restart the "
               "pod",
               nullptr, Fault::kGone});
}

Task<Result<>> LocalStore::check() {
  co_return check_place();
}

LocalStore::~LocalStore() {
  for (auto* queue : {&writes_, &reads_, &long_work_}) queue->end();
  for (auto* thread : {&writer_, &reader_, &long_worker_}) thread->reset();
}

Task<Result<Stored>> LocalStore::put(ContentKey key, std::string bytes) {
  Stored stored{key.path(), static_cast<std::int64_t>(bytes.size()), to_hex(sha256(bytes))};
  auto write = std::make_shared<Write>(Write::Kind::kPut, std::move(key));
  write->bytes = std::move(bytes);
  if (auto done = co_await carry_out(std::move(write)); !done) co_return fail(done.error());
  co_return stored;
}

Task<Result<Stored>> LocalStore::put(ContentKey key, Chunks chunks) {
  auto upload = std::make_shared<Upload>(aside_, key);
  while (auto chunk = co_await chunks.next()) {
    auto appended = co_await run_on<void>(
        long_work_, [upload, bytes = std::move(*chunk)] { return upload->append(bytes); });
    if (!appended) co_return fail(appended.error());
  }
  if (!chunks.end()) co_return fail(chunks.end().error());
  auto stored = co_await run_on<Stored>(long_work_, [upload] { return upload->finish(); });
  if (!stored) co_return stored;
  auto write = std::make_shared<Write>(Write::Kind::kPlace, std::move(key));
  write->file = upload->take_file();
  if (auto done = co_await carry_out(std::move(write)); !done) co_return fail(done.error());
  co_return stored;
}

Task<Result<std::string>> LocalStore::get(ContentKey key) {
  return get(std::move(key), Range{});
}

Task<Result<std::string>> LocalStore::get(ContentKey key, Range range) {
  auto reading = std::make_shared<Reading>(root_, std::move(key), range);
  co_return co_await run_on<std::string>(reads_, [reading] { return reading->all(); });
}

Chunks LocalStore::read(ContentKey key, Range range) {
  auto reading = std::make_shared<Reading>(root_, std::move(key), range);
  while (!reading->is_at_end()) {
    auto chunk = co_await run_on<std::string>(reads_, [reading] { return reading->next(); });
    if (!chunk) co_return fail(chunk.error());
    if (!chunk->empty()) co_yield std::move(*chunk);
  }
  co_return Result<>{};
}

Task<Result<std::int64_t>> LocalStore::size(ContentKey key) {
  co_return co_await run_on<std::int64_t>(reads_,
                                          [this, key = std::move(key)]() -> Result<std::int64_t> {
                                            auto file = open_file(root_, key);
                                            if (!file) return fail(file.error());
                                            return size_of(*file, key);
                                          });
}

Task<Result<Page>> LocalStore::list(Listing listing) {
  co_return co_await run_on<Page>(
      long_work_, [this, listing = std::move(listing)] { return list_files(root_, listing); });
}

Task<Result<>> LocalStore::remove(ContentKey key) {
  co_return co_await carry_out(std::make_shared<Write>(Write::Kind::kRemove, std::move(key)));
}

Task<Result<>> LocalStore::carry_out(std::shared_ptr<Write> write) {
  co_await Done(writes_, write);
  if (write->error) co_return fail(std::move(*write->error));
  co_return Result<>{};
}

// A second change of a key ends the group and begins the next, so the order is kept. By file names,
// which is cheaper: two users with one file name share no group, and nothing else comes of it.
bool LocalStore::turn_of_writer() {
  std::unordered_set<std::string_view> names;
  const auto is_new = [&](const Work& work) {
    return names.insert(static_cast<const Write&>(work).key.file_name()).second;
  };
  WorkGroup group;
  if (!writes_.take(group, kGroupMax, is_new)) return false;
  if (group.empty()) return true;
  // Where it is not in its place nobody would find what is stored.
  if (const auto in_place = check_place(); in_place) {
    group_writer_->write(group);
  } else {
    for (const auto& work : group) static_cast<Write&>(*work).error = in_place.error();
  }
  writes_.finish(group);
  return true;
}

}  // namespace synap::content
