#include "gateway/terminology/system_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <stdexcept>
#include <system_error>

namespace causeway::terminology {

namespace {

constexpr const char* schema = R"(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE concept(id INTEGER PRIMARY KEY, code TEXT NOT NULL, display TEXT NOT NULL, definition TEXT NOT NULL,
                     inactive INTEGER NOT NULL, abstract INTEGER NOT NULL);
CREATE TABLE designation(concept INTEGER NOT NULL, language TEXT NOT NULL, use TEXT NOT NULL, value TEXT NOT NULL);
CREATE TABLE property_name(id INTEGER PRIMARY KEY, name TEXT NOT NULL, is_code INTEGER NOT NULL);
CREATE TABLE property(concept INTEGER NOT NULL, name INTEGER NOT NULL, value TEXT NOT NULL);
CREATE TABLE edge(child INTEGER NOT NULL, parent INTEGER NOT NULL, PRIMARY KEY(child, parent)) WITHOUT ROWID;
CREATE TABLE alias(spelling TEXT PRIMARY KEY, concept INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize="unicode61 remove_diacritics 2 tokenchars '.'", prefix='2 3');
)";

// After the rows: a sorted build is far quicker than inserts into an index.
constexpr const char* indexes = R"(
CREATE UNIQUE INDEX concept_code ON concept(code);
CREATE INDEX designation_concept ON designation(concept);
CREATE INDEX property_concept ON property(concept);
CREATE INDEX property_value ON property(name, value, concept);
CREATE INDEX edge_parent ON edge(parent, child);
INSERT INTO words(rowid, text) SELECT c.id, c.code || ' ' || c.display || ' ' ||
  coalesce((SELECT group_concat(d.value, ' ') FROM designation d WHERE d.concept = c.id), '') FROM concept c;
INSERT INTO words(words) VALUES('optimize');
COMMIT;
ANALYZE;
)";

std::filesystem::path prepared(const std::filesystem::path& folder, const std::filesystem::path& file) {
    std::filesystem::create_directories(folder);
    std::filesystem::remove(file);
    return file;
}

void sync(const std::filesystem::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    const bool good = descriptor >= 0 && ::fsync(descriptor) == 0;
    if (descriptor >= 0) ::close(descriptor);
    if (!good) throw std::runtime_error(file.string() + ": cannot be made durable");
}

}  // namespace

SystemWriter::SystemWriter(const std::filesystem::path& folder, std::string_view name)
    : final_(folder / (std::string(name) + ".db")),
      temporary_(prepared(folder, folder / (std::string(name) + ".db.new"))),
      db_(temporary_, Database::Mode::create),
      insert_concept_((db_.execute("BEGIN"), db_.execute(schema), db_.handle()),
                      "INSERT INTO concept VALUES(?1, ?2, ?3, ?4, ?5, ?6)"),
      update_display_(db_.handle(), "UPDATE concept SET display = ?2 WHERE id = ?1"),
      update_inactive_(db_.handle(), "UPDATE concept SET inactive = 1 WHERE id = ?1"),
      insert_designation_(db_.handle(), "INSERT INTO designation VALUES(?1, ?2, ?3, ?4)"),
      insert_property_name_(db_.handle(), "INSERT INTO property_name VALUES(?1, ?2, ?3)"),
      insert_property_(db_.handle(), "INSERT INTO property VALUES(?1, ?2, ?3)"),
      insert_edge_(db_.handle(), "INSERT OR IGNORE INTO edge VALUES(?1, ?2)"),
      insert_alias_(db_.handle(), "INSERT OR IGNORE INTO alias VALUES(?1, ?2)"),
      insert_meta_(db_.handle(), "INSERT OR REPLACE INTO meta VALUES(?1, ?2)"),
      select_code_(db_.handle(), "SELECT code FROM concept WHERE id = ?1") {}

SystemWriter::~SystemWriter() {
    std::error_code ignored;
    if (!done_) std::filesystem::remove(temporary_, ignored);
}

std::int64_t SystemWriter::add(const NewConcept& entry) {
    if (entry.code.empty()) return 0;
    const auto id = static_cast<std::int64_t>(ids_.size()) + 1;
    if (!ids_.emplace(std::string(entry.code), id).second) return 0;
    insert_concept_.bind(1, id).bind(2, entry.code).bind(3, entry.display).bind(4, entry.definition);
    insert_concept_.bind(5, std::int64_t{entry.inactive}).bind(6, std::int64_t{entry.is_abstract}).run();
    return id;
}

std::int64_t SystemWriter::find(std::string_view code) const {
    const auto found = ids_.find(code);
    return found == ids_.end() ? 0 : found->second;
}

std::string_view SystemWriter::code_of(std::int64_t id) {
    const Use use(select_code_);
    select_code_.bind(1, id);
    code_ = select_code_.step() ? std::string(select_code_.text(0)) : std::string();
    return code_;
}

void SystemWriter::set_display(std::int64_t id, std::string_view display) {
    update_display_.bind(1, id).bind(2, display).run();
}

void SystemWriter::set_inactive(std::int64_t id) { update_inactive_.bind(1, id).run(); }

void SystemWriter::add_designation(std::int64_t id, std::string_view language, std::string_view use,
                                   std::string_view value) {
    if (!value.empty()) insert_designation_.bind(1, id).bind(2, language).bind(3, use).bind(4, value).run();
}

void SystemWriter::add_property(std::int64_t id, std::string_view property, std::string_view value, bool is_code) {
    if (value.empty()) return;
    auto found = properties_.find(property);
    if (found == properties_.end()) {
        const auto number = static_cast<std::int64_t>(properties_.size()) + 1;
        found = properties_.emplace(std::string(property), number).first;
        insert_property_name_.bind(1, number).bind(2, property).bind(3, std::int64_t{is_code}).run();
    }
    insert_property_.bind(1, id).bind(2, found->second).bind(3, value).run();
}

void SystemWriter::add_parent(std::int64_t child, std::int64_t parent) {
    if (child != 0 && parent != 0 && child != parent) insert_edge_.bind(1, child).bind(2, parent).run();
}

void SystemWriter::add_alias(std::string_view spelling, std::int64_t id) {
    insert_alias_.bind(1, spelling).bind(2, id).run();
}

void SystemWriter::set(std::string_view key, std::string_view value) { insert_meta_.bind(1, key).bind(2, value).run(); }

void SystemWriter::finish() {
    set("concepts", std::to_string(ids_.size()));
    db_.execute(indexes);
    db_.execute("PRAGMA optimize");
    sync(temporary_);
    std::filesystem::rename(temporary_, final_);
    done_ = true;
}

}  // namespace causeway::terminology
