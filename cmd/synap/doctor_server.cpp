// The database of a server, as the doctor reads it.

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>

#include "base/crypto.h"
#include "db/postgres/any_text.h"
#include "db/postgres/dialect.h"
#include "synap/doctor_database.h"

namespace synap::cli {
namespace {

// Of catalog/pg_type.dat.
constexpr Oid kByteaOid = 17;

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

std::string sentence(const char* text) {
  std::string_view view = text != nullptr ? text : "";
  while (view.ends_with('\n')) view.remove_suffix(1);
  std::string line(view);
  std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return line;
}

std::unexpected<Error> failed(PGconn* connection) {
  return fail(Code::kServiceUnavailable, sentence(PQerrorMessage(connection)));
}

// Of the text form of a bytea: \x and digits.
std::string bytes_of(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 2; i + 1 < digits.size(); i += 2) {
    const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    bytes += static_cast<char>(value(digits[i]) << 4 | value(digits[i + 1]));
  }
  return bytes;
}

class ServerDatabase final : public DoctorDatabase {
 public:
  explicit ServerDatabase(PGconn* connection) : connection_(connection) {}

  Result<> each(const std::string& sql, const std::function<void(const Row&)>& use) override {
    PGconn* connection = connection_.get();
    const auto said = db::postgres::in_postgres(sql);
    if (PQsendQueryParams(connection, said.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) ==
            0 ||
        PQsetSingleRowMode(connection) == 0) {
      return failed(connection);
    }
    std::optional<Error> error;
    for (;;) {
      const Answer answer(PQgetResult(connection));
      if (answer == nullptr) break;
      const auto status = PQresultStatus(answer.get());
      if (status == PGRES_SINGLE_TUPLE) {
        use_row(*answer, use);
      } else if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        error =
            Error{Code::kServiceUnavailable, sentence(PQresultErrorMessage(answer.get())), nullptr};
      }
    }
    if (error) return std::unexpected(std::move(*error));
    return {};
  }

  std::string hex(std::string_view column) const override {
    return fmt::format("encode({}, 'hex')", column);
  }

  Result<std::vector<Column>> columns_of_data(std::string_view name) override {
    std::vector<Column> columns;
    auto done =
        each(fmt::format("SELECT c.table_name FROM information_schema.columns AS c JOIN "
                         "information_schema.tables AS t ON t.table_name = c.table_name AND "
                         "t.table_schema = c.table_schema WHERE c.table_schema = 'public' AND "
                         "t.table_type = 'BASE TABLE' AND c.table_name LIKE '%\\_data' AND "
                         "c.column_name = '{}' ORDER BY c.table_name",
                         name),
             [&](const Row& row) { columns.push_back({std::string(row[0]), std::string(name)}); });
    if (!done) return fail(done.error());
    return columns;
  }

  Result<Found> examine(bool is_deep) override {
    Found found;
    auto done = each(
        "SELECT current_setting('server_version'), current_setting('server_encoding'), "
        "pg_size_pretty(pg_database_size(current_database())), "
        "current_setting('synchronous_commit'), current_setting('fsync'), "
        "(SELECT coalesce(string_agg(name || ' ' || coalesce(installed_version || "
        "' is installed', default_version || ' can be installed'), ', ' ORDER BY name), 'neither "
        "vector nor timescaledb is there') FROM pg_available_extensions WHERE name IN ('vector', "
        "'timescaledb'))",
        [&](const Row& row) {
          found.what = fmt::format("PostgreSQL {}, {}, {}; {}", row[0], row[1], row[2], row[5]);
          if (row[3] == "off" || row[4] == "off") {
            found.what += fmt::format(
                "; synchronous_commit is {} and fsync {}: what was acknowledged "
                "can be lost",
                row[3], row[4]);
          }
        });
    if (!done) return fail(done.error());
    if (auto looked = look_at_parts(found); !looked) return fail(looked.error());
    if (is_deep) found.what += "; its pages are the server's own to check (pg_amcheck)";
    return found;
  }

 private:
  // How the log is kept. A part is made when half of one is left (events/postgres/parts.h); where
  // less is, that has been tried in vain.
  Result<> look_at_parts(Found& found) {
    bool is_there = false;
    auto asked = each("SELECT 1 WHERE to_regclass('log_head') IS NOT NULL",
                      [&](const Row& /*row*/) { is_there = true; });
    if (!asked || !is_there) return asked;
    return each(
        "SELECT count(inhrelid), (SELECT relkind = 'r' FROM pg_class WHERE oid = "
        "to_regclass('events')), (head->>'parts_until')::bigint - "
        "(head->>'position')::bigint - 1, coalesce((head->>'parts_until')::bigint - "
        "(head->>'position')::bigint < (head->>'part_size')::bigint * 3 / 8, false) "
        "FROM (SELECT to_jsonb(log_head) AS head FROM log_head) AS log "
        "LEFT JOIN pg_inherits ON inhparent = to_regclass('events') GROUP BY head",
        [&](const Row& row) {
          const bool is_in_one = row[0] == "0";
          found.what += is_in_one ? "; the log is in one table"
                        : row[1] == "t"
                            ? fmt::format("; chunks of the log, a hypertable: {}", row[0])
                            : fmt::format("; parts of the log: {}", row[0]);
          if (is_in_one || row[3] != "t") return;
          found.is_doubtful = true;
          found.what += fmt::format(
              "; its next part cannot be made, and there is room for {} events: the server's own "
              "log "
              "says why",
              row[2]);
        });
  }

  static void use_row(const PGresult& answer, const std::function<void(const Row&)>& use) {
    const int count = PQnfields(&answer);
    std::vector<std::string> own(static_cast<std::size_t>(count));
    Row row;
    for (int i = 0; i < count; ++i) {
      const std::string_view value(PQgetvalue(&answer, 0, i),
                                   static_cast<std::size_t>(PQgetlength(&answer, 0, i)));
      auto& changed = own[static_cast<std::size_t>(i)];
      if (PQftype(&answer, i) == kByteaOid) {
        changed = bytes_of(value);
        row.emplace_back(changed);
      } else {
        row.push_back(db::postgres::as_given(value, changed));
      }
    }
    use(row);
  }

  std::unique_ptr<PGconn, Finish> connection_;
};

}  // namespace

Result<std::unique_ptr<DoctorDatabase>> DoctorDatabase::open_on_server(const std::string& url) {
  const char* const keys[] = {"dbname", "connect_timeout", "options", "application_name", nullptr};
  const char* const values[] = {url.c_str(), "5", "-c default_transaction_read_only=on",
                                "synap doctor", nullptr};
  PGconn* connection = PQconnectdbParams(keys, values, 1);
  auto opened = std::make_unique<ServerDatabase>(connection);
  if (PQstatus(connection) != CONNECTION_OK) return failed(connection);
  return opened;
}

}  // namespace synap::cli
