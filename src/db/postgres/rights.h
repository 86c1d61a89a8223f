// Rights: who may do what in a pod's database on PostgreSQL, as roles:
//
//   owner              the role of the database's URL. Owns the tables; makes and changes them
//                      and the views, which it is for that one statement
//   <database>_pod     writes for all users and reads for the program itself. Makes no tables
//   <database>_tenant  reads on behalf of one user (Database::read_as): may read listed views
//   <database>_views   is nobody. Owns the listed views, so what holds below them is what it may do
//
// Tenancy has two walls. A listed view filters by current_user_id(); and below it the server adds
// the same to whatever reads the table, since of each table whose rows are users' the role _views
// may read the rows of the transaction's user alone (row-level security, forced). A view that
// forgets its filter shows its reader's rows.
//
// A table says itself whose its rows are: by a column `user_id`, or, where what is in a column is
// the `id` of a row of another table, whose rows that user's are, by a comment:
//
//   COMMENT ON COLUMN run_steps_data.run IS 'rows of runs_data'
//
// Of a table in parts (partitions) this holds of the whole, which is what views and the pod name. A
// part by its own name is the owner's alone: it has no policies, and nobody else has rights to it.
//
// What says nothing a listed view cannot show. The roles are not views of which the invoker's
// rights count (security_invoker): the tenant would need rights to tables then, whose columns and
// rows a view may hide.
#pragma once

#include <string>
#include <string_view>

namespace synap::db::postgres {

/// The roles, and what they may do in the schema. Idempotent, as the owner.
extern const std::string_view kRoles;
/// Gives every table of the schema its policies, and every role its rights to tables and views as
/// they are now. Idempotent; changes nothing where nothing is to be changed. As the owner, after
/// kRoles and current_user_id().
extern const std::string kRightsOfAll;
/// The same of those that this transaction has made or changed: so quick that whoever reads, and
/// waits for it, hardly notices.
extern const std::string kRightsOfChanged;

/// As which role a session goes on, or a transaction. Whoever connects first finds no pod's yet.
extern const std::string_view kBePod;
/// Its name, as an expression; null where there is none that the session may be.
extern const std::string_view kRoleOfPod;
extern const std::string_view kBeOwnerHere;
extern const std::string_view kBePodHere;
/// With the user as its parameter.
extern const std::string_view kBeTenantHere;

/// Whether a statement is the owner's.
bool is_owners(std::string_view sql);

}  // namespace synap::db::postgres
