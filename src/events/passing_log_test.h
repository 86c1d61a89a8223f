// PassingLog: a log that passes all on to another, for tests that change some of it.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "events/log.h"

namespace synap::events {

class PassingLog : public EventLog {
 public:
  explicit PassingLog(EventLog& log) : log_(log) {}

  Task<Result<Page>> read(Tenancy tenancy, Filter filter) override {
    return log_.read(std::move(tenancy), std::move(filter));
  }
  Task<Result<EventRef>> find(Tenancy tenancy, Uuid id) override {
    return log_.find(std::move(tenancy), id);
  }
  Appended append(db::Tx& tx, const Append& append) override { return log_.append(tx, append); }
  Task<Result<Appended>> append(Append append) override { return log_.append(std::move(append)); }
  Task<Result<std::vector<EventRef>>> read_stream(Tenancy tenancy, Uuid id, std::int64_t from,
                                                  int limit) override {
    return log_.read_stream(std::move(tenancy), id, from, limit);
  }
  Task<Result<EventRef>> at(std::int64_t position) override { return log_.at(position); }
  Page read(db::Tx& tx, const Filter& filter) override { return log_.read(tx, filter); }
  Head head(db::Tx& tx) override { return log_.head(tx); }
  EventRef newest(db::Tx& tx, const Tenancy& tenancy, const Uuid& id) override {
    return log_.newest(tx, tenancy, id);
  }
  void observe(Observer observer) override { log_.observe(std::move(observer)); }
  Task<Result<Head>> head() override { return log_.head(); }
  Task<Result<Verification>> verify(std::int64_t after, int limit) override {
    return log_.verify(after, limit);
  }
  Watermark& end() override { return log_.end(); }

 private:
  EventLog& log_;
};

}  // namespace synap::events
