#include "db/postgres/connection.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <iterator>

#include "base/io_errors.h"
#include "base/log.h"
#include "db/closure.h"
#include "db/postgres/any_text.h"
#include "db/postgres/dialect.h"
#include "db/postgres/nodes.h"
#include "db/postgres/rights.h"

namespace synap::db::postgres {
namespace {

// Results of so many statements at most are on their way: a server that cannot send them would take
// no more statements, and the two would wait for each other.
constexpr int kSentMax = 500;
constexpr std::size_t kPreparedMax = 512;
constexpr std::chrono::milliseconds kFirstDelay{50};
constexpr std::chrono::milliseconds kLongestDelay{2'000};
constexpr const char* kSilent = "the server does not answer";
// Of catalog/pg_type.dat.
constexpr Oid kBoolOid = 16;
constexpr Oid kByteaOid = 17;
constexpr std::string_view kDivisionByZero = "22012";
constexpr std::string_view kTooLate = "57014";
constexpr std::string_view kTooBusy = "53000";
// A name means the table that has it now, and its rows are those of the snapshot: whoever reads in
// one snapshot, and finds a table that was filled since and has taken the name, reads less than
// there was. LOCK takes no snapshot: whoever comes behind a change has one of after it. A view,
// since a dump would hold a table for as long as it takes. Behind whoever waits for it all who read
// would wait, so that is less than they have time.
constexpr std::string_view kKeepTables = "LOCK TABLE reading IN ACCESS SHARE MODE";
constexpr std::string_view kLockReadsOut[] = {"SET LOCAL lock_timeout = 150",
                                              "LOCK TABLE reading IN ACCESS EXCLUSIVE MODE"};

// Whether a name means another table behind this statement of an owner.
bool changes_names(std::string_view sql) {
  sql.remove_prefix(std::min(sql.find_first_not_of(" \n"), sql.size()));
  return sql.starts_with("ALTER ") || sql.starts_with("DROP VIEW ");
}

// Some libraries' messages end with a line end.
std::string trimmed(const char* text) {
  std::string_view view = text != nullptr ? text : "";
  while (view.ends_with('\n')) view.remove_suffix(1);
  return std::string(view);
}

// Some are a list of hosts, or have a hint behind them.
std::string in_one_line(std::string text) {
  for (auto& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  text.erase(
      std::unique(text.begin(), text.end(), [](char a, char b) { return a == ' ' && b == ' '; }),
      text.end());
  return text;
}

// What connect() says of a session, once for each transaction. One statement, and the role last.
std::string session_statement(const ConnectionOptions& options) {
  return fmt::format(
      "SELECT set_config('search_path', quote_ident(current_schema()), true), "
      "set_config('synchronous_commit', 'on', true), set_config('jit', 'off', true), "
      "set_config('statement_timeout', '{}', true), set_config('lock_timeout', '{}', true), "
      "set_config('idle_in_transaction_session_timeout', '{}', true), "
      "set_config('bytea_output', 'hex', true), set_config('TimeZone', 'UTC', true), "
      "set_config('standard_conforming_strings', 'on', true), "
      "set_config('role', coalesce({}, 'none'), true)",
      options.statement_time_max.count(), options.lock_time_max.count(),
      options.idle_time_max.count(), options.is_pods ? kRoleOfPod : "NULL");
}

// Of what a server says unasked only what its operator has to know: in the pod's log, too, which
// may be the only one that somebody reads.
void note_warning(void*, const char* said) {
  const auto text = trimmed(said);
  if (!text.starts_with("WARNING")) return;
  write_log_bounded(Same::kLine, LogLevel::kWarn, "db", "database: (postgres) {what}",
                    {{"what", text}});
}

int digit(char c) {
  return c <= '9' ? c - '0' : c - 'a' + 10;
}

}  // namespace

Error error_of(std::string_view sqlstate, std::string_view what) {
  if (!sqlstate.starts_with("40")) {
    write_log_bounded(Same::kLine, LogLevel::kError, "db", "database: (postgres {code}) {what}",
                      {{"code", sqlstate}, {"what", what}});
  }
  const auto unavailable = [](Fault fault, const char* message) {
    io_errors(Store::kDatabase, fault).add();
    return Error{Code::kServiceUnavailable, message, nullptr, fault};
  };
  const auto of_class = [&](std::string_view two) { return sqlstate.starts_with(two); };
  // Appendix A of PostgreSQL's documentation.
  if (sqlstate.empty() || of_class("08") || of_class("57P") || of_class("28") || of_class("3D")) {
    return unavailable(Fault::kGone, "The database cannot be reached now");
  }
  if (sqlstate == "25006") return unavailable(Fault::kGone, "The database takes no writes now");
  if (sqlstate == "53100")
    return unavailable(Fault::kFull, "The disk is full: nothing can be written");
  if (of_class("53") || of_class("40") || sqlstate == "55P03" || sqlstate == "25P03") {
    return unavailable(Fault::kBusy, "The database is busy now");
  }
  if (of_class("XX") || of_class("58")) {
    io_errors(Store::kDatabase, Fault::kDamaged).add();
    return {Code::kInternalServerError, "The database is damaged: run synap doctor", nullptr,
            Fault::kDamaged};
  }
  if (sqlstate == kTooLate) return {Code::kTimeout, "This takes too long", nullptr};
  if (of_class("23")) return {Code::kConflict, "This conflicts with what is stored", nullptr};
  if (sqlstate == "54000") {
    return {Code::kPayloadTooLarge, "This is too large to be stored", nullptr};
  }
  // A wrong statement is ours, not the caller's: they get no SQL, the log does.
  return {Code::kInternalServerError, "An internal error was logged", nullptr};
}

// The rows of one statement, all of them in memory: whoever reads many reads pages.
class Connection::Statement final : public Cursor {
 public:
  Statement(Connection& connection, ResultPtr result)
      : connection_(connection), result_(std::move(result)), count_(PQntuples(result_.get())) {
    decoded_.resize(static_cast<std::size_t>(PQnfields(result_.get())));
  }

  bool next() override {
    if (!connection_.ok()) return false;
    return row_ < count_ && ++row_ < count_;
  }
  bool is_null(int column) override { return PQgetisnull(result_.get(), row_, column) != 0; }
  std::int64_t integer(int column) override { return number<std::int64_t>(column); }
  double real(int column) override { return number<double>(column); }
  std::string_view bytes(int column) override {
    const std::string_view text(PQgetvalue(result_.get(), row_, column),
                                static_cast<std::size_t>(PQgetlength(result_.get(), row_, column)));
    auto& decoded = decoded_.at(static_cast<std::size_t>(column));
    if (PQftype(result_.get(), column) == kBoolOid) return text == "t" ? "1" : "0";
    if (PQftype(result_.get(), column) != kByteaOid) return as_given(text, decoded);
    if (text.empty()) return text;
    decoded.clear();
    for (std::size_t i = 2; i + 1 < text.size(); i += 2) {
      decoded += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
    }
    return decoded;
  }
  void close() override {
    auto& all = connection_.statements_;
    std::erase_if(all, [this](const auto& one) { return one.get() == this; });
  }

 private:
  template <class Number>
  Number number(int column) {
    const auto text = bytes(column);
    Number value{};
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }

  Connection& connection_;
  const ResultPtr result_;
  const int count_;
  int row_ = -1;
  std::vector<std::string> decoded_;
};

Connection::Connection(ConnectionOptions options)
    : options_(std::move(options)), session_(session_statement(options_)) {}

Connection::~Connection() {
  statements_.clear();
  if (handle_ != nullptr) PQfinish(handle_);
}

// Who tries again and again says so now and then.
Error Connection::not_connected(std::string why) {
  if (options_.is_told_by_maker && connections_ == 0) {
    why_not_connected_ = in_one_line(std::move(why));
    io_errors(Store::kDatabase, Fault::kGone).add();
    return {Code::kServiceUnavailable, "The database cannot be reached now", nullptr, Fault::kGone};
  }
  auto left_out = options_.reach != nullptr ? options_.reach->news(why) : 0;
  if (left_out.value_or(0) > 0) {
    return error_of("", fmt::format("{} (and {} more of these)", why, *left_out));
  }
  if (left_out) return error_of("", why);
  io_errors(Store::kDatabase, Fault::kGone).add();
  return {Code::kServiceUnavailable, "The database cannot be reached now", nullptr, Fault::kGone};
}

std::optional<Error> Connection::connect() {
  auto& world = options_.world;
  if (handle_ != nullptr && is_still_there()) {
    if (options_.reach != nullptr) options_.reach->is_there();
    return std::nullopt;
  }
  if (connect_delay_.count() > 0 && world.now() < connect_at_) {
    return Error{Code::kServiceUnavailable, "The database cannot be reached now", nullptr,
                 Fault::kGone};
  }
  if (handle_ != nullptr) lose();
  // What the URL says of these counts less: nobody is kept waiting by a host that is away, or by
  // one that was cut off.
  const auto seconds =
      std::to_string(std::chrono::ceil<std::chrono::seconds>(options_.connect_time_max).count());
  const auto milliseconds = std::to_string(options_.connect_time_max.count());
  const std::array<const char*, 8> names = {
      "dbname",           "connect_timeout",     "tcp_user_timeout", "keepalives_idle",
      "application_name", "keepalives_interval", "client_encoding",  nullptr};
  const std::array<const char*, 8> values = {options_.url.c_str(),
                                             seconds.c_str(),
                                             milliseconds.c_str(),
                                             "20",
                                             "synap",
                                             "5",
                                             "UTF8",
                                             nullptr};
  constexpr int kUrlIsExpanded = 1;
  if (options_.reach != nullptr && real_world().now() > options_.reach->end_at()) {
    return Error{Code::kServiceUnavailable, "Synap is stopping", nullptr};
  }
  PGconn* made = PQconnectdbParams(names.data(), values.data(), kUrlIsExpanded);
  if (made == nullptr || PQstatus(made) != CONNECTION_OK) {
    auto error = not_connected(made != nullptr ? trimmed(PQerrorMessage(made)) : "no memory");
    PQfinish(made);
    connect_delay_ = std::clamp(2 * connect_delay_, kFirstDelay, kLongestDelay);
    connect_at_ = world.now() + connect_delay_;
    if (options_.reach != nullptr) options_.reach->is_away(connect_at_);
    return error;
  }
  handle_ = made;
  why_not_connected_.clear();
  patience_ = options_.statement_time_max + options_.silence_max;
  // Nothing waits in libpq, where it would wait without an end.
  PQsetnonblocking(handle_, 1);
  PQsetNoticeProcessor(handle_, &note_warning, nullptr);
  // A pooler is there although the server is not.
  auto ready = options_.is_pooled ? execute("SELECT 1") : begin_session();
  if (ready) {
    ++connections_;
    connect_delay_ = {};
    if (options_.reach != nullptr) options_.reach->is_there();
    return std::nullopt;
  }
  auto error = ready.error();
  if (handle_ != nullptr) lose();
  connect_delay_ = std::clamp(2 * connect_delay_, kFirstDelay, kLongestDelay);
  connect_at_ = world.now() + connect_delay_;
  if (options_.reach != nullptr) options_.reach->is_away(connect_at_);
  return error;
}

Result<> Connection::begin_session() {
  // What is answered is on disk, whatever the server does by default.
  auto ready = execute(fmt::format(
      "SET synchronous_commit = on; SET statement_timeout = {}; SET lock_timeout = {}; "
      "SET idle_in_transaction_session_timeout = {}; "
      // A node that is gone without a word is found to be, and what it holds is given back: the
      // lock of who is alone, too.
      "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; "
      "SET standard_conforming_strings = on; SET bytea_output = 'hex'; SET TimeZone = 'UTC'; "
      // Statements are short: compiling one takes longer than carrying it out a thousand times.
      "SET jit = off; "
      // The schema of the URL's role, whoever it is that asks for its tables.
      "SELECT set_config('search_path', quote_ident(current_schema()), false)",
      options_.statement_time_max.count(), options_.lock_time_max.count(),
      options_.idle_time_max.count()));
  if (ready && options_.is_pods) ready = execute(std::string(kBePod));
  if (ready && options_.own_lock) ready = take_own_lock();
  if (ready && node_) ready = take_node_lock();
  return ready;
}

Result<> Connection::take_own_lock() {
  auto taken = execute(fmt::format("SELECT pg_advisory_lock{}({})",
                                   options_.shares_lock ? "_shared" : "", *options_.own_lock));
  if (taken || taken.error().fault != Fault::kBusy) return taken;
  if (options_.shares_lock) {
    return fail(Error{Code::kServiceUnavailable,
                      "A pod that is not one of many nodes has the database (its setting `nodes` "
                      "is one): stop it, or give it the same setting",
                      nullptr, Fault::kBusy});
  }
  return fail(
      Error{Code::kServiceUnavailable,
            "Another pod has the database: one at a time can use it now. Stop the other, or "
            "name another database",
            nullptr, Fault::kBusy});
}

void Connection::hold_node(std::int64_t number) {
  if (options_.is_pooled) return;
  node_ = number;
  run("SELECT pg_advisory_lock($1, $2)", kNodeLocks, number);
}

// Not as above: the one that has it is this node itself, over a connection that the server has not
// found to be lost yet.
Result<> Connection::take_node_lock() {
  auto taken = execute(fmt::format("SELECT pg_advisory_lock({}, {})", kNodeLocks, *node_));
  if (taken || taken.error().fault != Fault::kBusy) return taken;
  return fail(Error{Code::kServiceUnavailable, "The database cannot be reached now", nullptr,
                    Fault::kGone});
}

// That a connection was lost while nobody used it is found out before anything is sent: behind a
// COMMIT nobody could tell whether that has been carried out.
bool Connection::is_still_there() {
  pollfd socket{.fd = PQsocket(handle_), .events = POLLIN, .revents = 0};
  // What a server says unasked, and the end behind it.
  for (int i = 0; i < 2 && ::poll(&socket, 1, 0) > 0; ++i) std::ignore = PQconsumeInput(handle_);
  return PQstatus(handle_) == CONNECTION_OK;
}

// Whatever was under way is undone by the server.
void Connection::lose() {
  PQfinish(std::exchange(handle_, nullptr));
  sent_ = 0;
  expected_.clear();
  is_silent_ = false;
  prepared_.clear();
  unproven_.clear();
  is_stale_ = false;
  ++undone_;
}

Result<> Connection::execute(const std::string& sql) {
  settle();
  if (error_) return fail(*error_);
  if (handle_ == nullptr) return fail(error_of("", "not connected"));
  if (PQpipelineStatus(handle_) != PQ_PIPELINE_OFF) PQexitPipelineMode(handle_);
  ++round_trips_;
  std::optional<Error> error;
  if (PQsendQuery(handle_, sql.c_str()) != 1) {
    error = error_of("", trimmed(PQerrorMessage(handle_)));
    lose();
    return fail(*error);
  }
  while (const auto result = next_result()) {
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) {
      continue;
    }
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    if (!error) error = error_of(state != nullptr ? state : "", trimmed(PQerrorMessage(handle_)));
  }
  if (is_silent_) error = error_of("", kSilent);
  if (is_silent_ || PQstatus(handle_) != CONNECTION_OK) {
    lose();
  } else {
    PQenterPipelineMode(handle_);
  }
  if (error) return fail(*error);
  return {};
}

void Connection::take_all_the_time() {
  run("SET LOCAL statement_timeout = 0");
  patience_ = std::chrono::hours(24);
}

void Connection::be_owner() {
  run_only(kBeOwnerHere, nullptr, 0);
  is_owner_ = true;
}

// Sends what is still to be sent, until there is a result. False: the server has said nothing for
// too long. What is wrong otherwise the result says.
bool Connection::await_result() {
  constexpr std::chrono::milliseconds kLookEvery{200};
  // By the machine's clock, whatever the world's says: the server answers in its own time.
  auto& world = real_world();
  auto until = world.now() + patience_;
  for (;;) {
    const int unsent = PQflush(handle_);
    if (unsent < 0 || (unsent == 0 && PQisBusy(handle_) == 0)) return true;
    const auto now = world.now();
    const auto end = options_.reach != nullptr ? std::min(until, options_.reach->end_at()) : until;
    if (now >= end) return false;
    pollfd socket{.fd = PQsocket(handle_),
                  .events = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN),
                  .revents = 0};
    const auto wait = std::min<SteadyClock::duration>(kLookEvery, end - now);
    const int ready = ::poll(
        &socket, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(wait).count()));
    if (ready <= 0) continue;
    if ((socket.revents & ~POLLOUT) != 0) {
      if (PQconsumeInput(handle_) != 1) return true;
    }
    until = world.now() + patience_;
  }
}

Connection::ResultPtr Connection::next_result() {
  is_silent_ = is_silent_ || !await_result();
  return ResultPtr(is_silent_ ? nullptr : PQgetResult(handle_));
}

void Connection::begin_closure() {
  error_.reset();
  on_commit_.clear();
  constexpr std::chrono::milliseconds kPageTime{100};
  page_until_ = options_.world.now() + kPageTime;
  has_time_limit_ = false;
}

bool Connection::is_out_of_time() const {
  return options_.world.now() >= page_until_;
}

void Connection::move_on_commit_to(Actions& all) {
  std::ranges::move(on_commit_, std::back_inserter(all));
  on_commit_.clear();
}

// At the server under a name, so that it is planned once a connection.
const std::string* Connection::prepare(std::string_view sql, std::size_t count) {
  std::string key(sql);
  if (const auto known = prepared_.find(key); known != prepared_.end()) return &known->second;
  if (options_.is_pooled) return &prepared_.emplace(std::move(key), in_postgres(sql)).first->second;
  auto name = fmt::format("s{}", ++prepared_count_);
  const auto said = in_postgres(sql);
  if (PQsendPrepare(handle_, name.c_str(), said.c_str(), static_cast<int>(count), nullptr) != 1) {
    return nullptr;
  }
  ++sent_;
  unproven_.push_back(key);
  return &prepared_.emplace(std::move(key), std::move(name)).first->second;
}

bool Connection::send(std::string_view sql, const Value* values, std::size_t count) {
  if (error_) return false;
  has_made_ = has_made_ || sql.starts_with("CREATE ");
  if (has_time_limit_ && options_.world.now() > stop_at_) {
    abort(error_of(has_stood_still() ? kTooBusy : kTooLate, "a read was out of time"));
    return false;
  }
  if (sent_ >= kSentMax) {
    settle();
    if (error_) return false;
  }
  const auto* name = handle_ != nullptr ? prepare(sql, count) : nullptr;
  std::vector<std::string> numbers;
  numbers.reserve(count);  // pointers to their texts are kept
  std::deque<std::string> changed;
  std::vector<const char*> texts(count, nullptr);
  std::vector<int> lengths(count, 0);
  std::vector<int> formats(count, 0);
  const auto put = [&](std::size_t i, std::string_view bytes) {
    texts[i] = bytes.data() != nullptr ? bytes.data() : "";
    lengths[i] = static_cast<int>(bytes.size());
    formats[i] = 1;
    bound_bytes_ += bytes.size();
  };
  for (std::size_t i = 0; i < count; ++i) {
    const auto& value = values[i].variant();
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      texts[i] = numbers.emplace_back(fmt::to_string(*integer)).c_str();
    } else if (const auto* real = std::get_if<double>(&value)) {
      texts[i] = numbers.emplace_back(fmt::to_string(*real)).c_str();
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      put(i, as_stored(*text, changed.emplace_back()));
    } else if (const auto* blob = std::get_if<Blob>(&value)) {
      put(i, blob->bytes);
    }
  }
  const auto many = static_cast<int>(count);
  const auto is_sent = [&] {
    if (name == nullptr) return false;
    if (options_.is_pooled) {
      return PQsendQueryParams(handle_, name->c_str(), many, nullptr, texts.data(), lengths.data(),
                               formats.data(), 0) == 1;
    }
    return PQsendQueryPrepared(handle_, name->c_str(), many, texts.data(), lengths.data(),
                               formats.data(), 0) == 1;
  };
  if (!is_sent()) {
    abort(error_of("", handle_ != nullptr ? trimmed(PQerrorMessage(handle_)) : "not connected"));
    if (handle_ != nullptr) lose();
    return false;
  }
  ++sent_;
  return true;
}

Cursor* Connection::start(std::string_view sql, const Value* values, std::size_t count) {
  if (!send(sql, values, count)) return nullptr;
  auto result = receive();
  if (result == nullptr || !ok()) return nullptr;
  statements_.push_back(std::make_unique<Statement>(*this, std::move(result)));
  return statements_.back().get();
}

void Connection::run_only(std::string_view sql, const Value* values, std::size_t count) {
  changes_ = 0;
  const auto is_for_owner = options_.is_pods && !is_owner_ && is_owners(sql);
  if (is_for_owner) std::ignore = send(kBeOwnerHere, nullptr, 0);
  if (is_for_owner && changes_names(sql)) {
    for (const auto lock : kLockReadsOut) std::ignore = send(lock, nullptr, 0);
    std::ignore = send(fmt::format("SET LOCAL lock_timeout = {}", options_.lock_time_max.count()),
                       nullptr, 0);
  }
  std::ignore = send(sql, values, count);
  if (is_for_owner) std::ignore = send(kBePodHere, nullptr, 0);
}

// Nothing is divided by zero where one was changed. Where none was, the server takes nothing more
// of this transaction, its COMMIT included, which may be on its way already.
void Connection::run_or_fail(std::string_view sql, const Value* values, std::size_t count,
                             const Error& otherwise) {
  const auto asked =
      fmt::format("WITH changed AS ({} RETURNING 1) SELECT 1 / count(*) FROM changed", sql);
  if (send(asked, values, count)) expected_.emplace_back(sent_ - 1, otherwise);
}

std::int64_t Connection::changes() {
  if (sent_ > 0) settle();
  return ok() ? changes_ : 0;
}

void Connection::settle() {
  if (sent_ > 0) std::ignore = receive();
}

// Waits for all that was sent; the result of the last statement.
Connection::ResultPtr Connection::receive() {
  ++round_trips_;
  waits_since_ = real_world().now();
  ResultPtr last;
  if (PQpipelineSync(handle_) != 1) {
    abort(error_of("", trimmed(PQerrorMessage(handle_))));
    lose();
    return nullptr;
  }
  const int sent = sent_;
  for (; sent_ > 0; --sent_) {
    while (auto result = next_result()) {
      note(*result, sent - sent_);
      (sent - sent_ == kept_at_ ? kept_ : last) = std::move(result);
    }
    if (is_silent_ || PQstatus(handle_) != CONNECTION_OK) break;
  }
  expected_.clear();
  const auto end = next_result();
  if (is_silent_ || PQstatus(handle_) != CONNECTION_OK || end == nullptr ||
      PQresultStatus(end.get()) != PGRES_PIPELINE_SYNC) {
    abort(error_of("", is_silent_ ? kSilent : trimmed(PQerrorMessage(handle_))));
    lose();
    return nullptr;
  }
  longest_wait_ = std::max(longest_wait_, real_world().now() - waits_since_);
  // Which of them were prepared before something went wrong nobody has kept.
  if (error_) {
    for (const auto& sql : unproven_) prepared_.erase(sql);
  }
  unproven_.clear();
  return last;
}

// The server ends what takes too long. One that did not has stood still, or the way to it has:
// another time the same question is answered.
bool Connection::has_stood_still() const {
  return has_time_limit_ && longest_wait_ > 2 * time_max_;
}

void Connection::note(const PGresult& result, int index) {
  switch (PQresultStatus(&result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK: {
      // libpq takes what it only reads without const.
      const std::string_view changed = PQcmdTuples(const_cast<PGresult*>(&result));
      changes_ = 0;
      std::from_chars(changed.data(), changed.data() + changed.size(), changes_);
      return;
    }
    case PGRES_PIPELINE_ABORTED:
      return;  // behind one that was wrong
    default: {
      const char* state = PQresultErrorField(&result, PG_DIAG_SQLSTATE);
      const std::string_view sqlstate = state != nullptr ? state : "";
      // Tables have changed under what was prepared, or it is not there any more.
      is_stale_ = is_stale_ || sqlstate == "0A000" || sqlstate == "26000";
      // Class 08 may be said by what is between here and the server, which knows no more.
      was_refused_ = was_refused_ || (!sqlstate.empty() && !sqlstate.starts_with("08"));
      was_outrun_ = was_outrun_ || sqlstate.starts_with("40");
      if (sqlstate == kDivisionByZero) {
        const auto expected = std::ranges::find(expected_, index, &std::pair<int, Error>::first);
        if (expected != expected_.end()) return abort(expected->second);
      }
      longest_wait_ = std::max(longest_wait_, real_world().now() - waits_since_);
      abort(error_of(sqlstate == kTooLate && has_stood_still() ? kTooBusy : sqlstate,
                     trimmed(PQresultErrorMessage(&result))));
    }
  }
}

void Connection::forget_prepared() {
  prepared_.clear();
  unproven_.clear();
  is_stale_ = false;
  if (!options_.is_pooled) std::ignore = execute("DEALLOCATE ALL");
}

void Connection::begin() {
  begin_as("BEGIN", "");
}

void Connection::begin_as(std::string_view how, std::string_view lock) {
  is_in_doubt_ = false;
  was_refused_ = false;
  was_outrun_ = false;
  is_owner_ = false;
  patience_ = options_.statement_time_max + options_.silence_max;
  if (is_stale_ || prepared_.size() > kPreparedMax) forget_prepared();
  run_only(how, nullptr, 0);
  if (!lock.empty() && options_.is_pooled) {
    run_only(fmt::format("SET LOCAL lock_timeout = {}", options_.lock_time_max.count()), nullptr,
             0);
  }
  if (!lock.empty()) run_only(lock, nullptr, 0);
  if (options_.is_pooled) run_only(session_, nullptr, 0);
}

// All that is still on its way goes with the COMMIT, which the server passes over if something
// before it was wrong.
std::optional<Error> Connection::commit(const LastStatement* last) {
  if (error_) return take_error();
  const auto was_connected = handle_ != nullptr;
  // For the two, and that they are prepared: nothing is waited for between them.
  constexpr int kRoom = 4;
  if (sent_ > kSentMax - kRoom) settle();
  if (last != nullptr && send(last->sql, last->values.data(), last->values.size())) {
    kept_at_ = sent_ - 1;
  }
  run_only("COMMIT", nullptr, 0);
  settle();
  kept_at_ = -1;
  auto error = take_error();
  // Its answers come in order: whoever was told no has not been committed.
  is_in_doubt_ = error.has_value() && was_connected && handle_ == nullptr && !was_refused_;
  auto kept = std::exchange(kept_, nullptr);
  if (!error && last != nullptr && kept != nullptr) {
    Statement cursor(*this, std::move(kept));
    Rows rows(&cursor);
    last->answer(rows);
  }
  return error;
}

void Connection::roll_back() {
  ++undone_;
  has_time_limit_ = false;
  settle();
  error_.reset();
  if (handle_ == nullptr) return;
  run_only("ROLLBACK", nullptr, 0);
  settle();
  error_.reset();
  // Whoever has the connection next has nothing to do with it.
  if (handle_ != nullptr && PQtransactionStatus(handle_) != PQTRANS_IDLE) lose();
}

void Connection::read(database_detail::Operation& operation, std::chrono::milliseconds most) {
  begin_closure();
  if (auto error = connect()) {
    operation.error = std::move(error);
    return;
  }
  // One snapshot for all statements of the closure, and one set of tables.
  begin_as("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", options_.is_pods ? kKeepTables : "");
  if (operation.has_time_limit) {
    has_time_limit_ = true;
    time_max_ = most;
    longest_wait_ = {};
    stop_at_ = options_.world.now() + most;
    page_until_ = std::min(page_until_, stop_at_ - most * 3 / 5);
    run_only(fmt::format("SET LOCAL statement_timeout = {}", most.count()), nullptr, 0);
    patience_ = most + options_.silence_max;
  }
  if (operation.is_for_one_user) {
    run(kBeTenantHere, operation.user);
  }
  if (ok()) carry_out(operation, *this);
  statements_.clear();
  settle();
  operation.error = take_error();
  roll_back();
}

}  // namespace synap::db::postgres
