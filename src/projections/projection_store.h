// ProjectionStore: what is kept of each projection beside its tables: which description they were
// filled by, how far, whether it was stopped, and what a second set of tables is for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/database.h"

namespace synap::projections {

/// What a second set of tables is filled for.
enum class Purpose : std::uint8_t { kRebuild, kVerify };

/// A row of the table `projections`.
struct Kept {
  std::string name;
  std::string version;          // version_of() the description that the live tables follow
  std::string layout;           // layout_of() it
  std::int64_t position = 0;    // of a follower: the events up to here are folded
  std::int64_t generation = 0;  // the last one given to a set of tables
  std::string error;            // why it was stopped; empty: it was not
  struct Second {
    Purpose purpose = Purpose::kRebuild;
    std::string version;
    std::int64_t position = 0;
  };
  std::optional<Second> second;
};

namespace store {

std::vector<db::Database::Migration> migrations();

std::optional<Kept> find(db::Tx& tx, const std::string& name);
/// Inserts or replaces the row.
void put(db::Tx& tx, const Kept& kept);
void set_position(db::Tx& tx, const std::string& name, std::int64_t position);
/// If it is less.
void raise_position(db::Tx& tx, const std::string& name, std::int64_t position);
void set_second_position(db::Tx& tx, const std::string& name, std::int64_t position);
void set_error(db::Tx& tx, const std::string& name, const std::string& error);

}  // namespace store
}  // namespace synap::projections
