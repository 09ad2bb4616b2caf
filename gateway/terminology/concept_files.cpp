#include "gateway/terminology/concept_files.hpp"

#include <stdexcept>
#include <system_error>

#include "gateway/terminology/database.hpp"

namespace causeway::terminology {

namespace {

constexpr auto look_again_after = std::chrono::seconds(2);
constexpr std::size_t idle_readers_max = 8;

constexpr std::string_view concept_columns = "SELECT c.id, c.code, c.display, c.definition, c.inactive, c.abstract";

fhir::StoredConcept read_concept(const Statement& row) {
    return {std::string(row.text(1)), std::string(row.text(2)), std::string(row.text(3)), row.integer(4) != 0,
            row.integer(5) != 0};
}

/// The words as an FTS5 query: each a phrase whose last word may go on. Empty if there is none.
std::string match_of(std::string_view filter) {
    std::string out;
    while (!filter.empty()) {
        const auto blank = filter.find(' ');
        const auto word = filter.substr(0, blank);
        filter = blank == std::string_view::npos ? std::string_view() : filter.substr(blank + 1);
        if (word.empty()) continue;
        out += out.empty() ? "\"" : " \"";
        for (const char c : word) {
            if (c == '"') out += '"';
            out += c;
        }
        out += "\"*";
    }
    return out;
}

}  // namespace

/// One connection with the statements that every code needs.
class ConceptFiles::Reader {
public:
    explicit Reader(const std::filesystem::path& file) : db(file, Database::Mode::read) {}

    std::int64_t id_of(std::string_view code) {
        const Use use(find_id);
        find_id.bind(1, code);
        if (find_id.step()) return find_id.integer(0);
        const Use also(find_alias);
        find_alias.bind(1, code);
        return find_alias.step() ? find_alias.integer(0) : 0;
    }

    Database db;
    Statement find_id{db.handle(), "SELECT id FROM concept WHERE code = ?1"};
    Statement find_alias{db.handle(), "SELECT concept FROM alias WHERE spelling = ?1"};
    Statement find_concept{db.handle(), std::string(concept_columns) + " FROM concept c WHERE c.id = ?1"};
    Statement is_above{
        db.handle(),
        "WITH RECURSIVE up(id) AS (SELECT ?1 UNION SELECT e.parent FROM up JOIN edge e ON e.child = up.id) "
        "SELECT 1 FROM up WHERE id = ?2 LIMIT 1"};
    Statement any_edge{db.handle(), "SELECT 1 FROM edge LIMIT 1"};
    Statement property_id{db.handle(), "SELECT id FROM property_name WHERE name = ?1"};
    Statement property_value{db.handle(), "SELECT 1 FROM property WHERE name = ?1 AND value = ?2 AND concept = ?3"};
};

class ConceptFiles::File {
public:
    File(std::filesystem::path path, std::filesystem::file_time_type changed) : changed_(changed) {
        system_.file = std::move(path);
        Reader reader(system_.file);
        Statement meta(reader.db.handle(), "SELECT key, value FROM meta");
        while (meta.step()) {
            if (meta.text(0) == "system") system_.url = meta.text(1);
            if (meta.text(0) == "title") system_.title = meta.text(1);
            if (meta.text(0) == "version") system_.version = meta.text(1);
            if (meta.text(0) == "concepts") system_.concepts = std::stoull(std::string(meta.text(1)));
        }
        const Use use(reader.any_edge);
        has_hierarchy_ = reader.any_edge.step();
    }

    const LoadedSystem& system() const noexcept { return system_; }
    bool has_hierarchy() const noexcept { return has_hierarchy_; }
    std::filesystem::file_time_type changed() const noexcept { return changed_; }

    std::unique_ptr<Reader> take() {
        {
            const std::lock_guard lock(mutex_);
            if (!idle_.empty()) {
                auto reader = std::move(idle_.back());
                idle_.pop_back();
                return reader;
            }
        }
        return std::make_unique<Reader>(system_.file);
    }
    void give(std::unique_ptr<Reader> reader) {
        const std::lock_guard lock(mutex_);
        if (idle_.size() < idle_readers_max) idle_.push_back(std::move(reader));
    }

private:
    LoadedSystem system_;
    std::filesystem::file_time_type changed_;
    bool has_hierarchy_ = false;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Reader>> idle_;
};

/// A connection for the time of one call.
class ConceptFiles::Borrowed {
public:
    explicit Borrowed(std::shared_ptr<File> file) : file_(std::move(file)) {
        if (file_) reader_ = file_->take();
    }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    ~Borrowed() {
        if (reader_) file_->give(std::move(reader_));
    }
    explicit operator bool() const noexcept { return reader_ != nullptr; }
    Reader* operator->() const noexcept { return reader_.get(); }
    const File& file() const noexcept { return *file_; }

    /// One text of each row, about the concept of that code.
    std::vector<std::string> texts(std::string_view code, std::string_view sql) const {
        std::vector<std::string> out;
        const auto id = reader_ ? reader_->id_of(code) : 0;
        if (id == 0) return out;
        Statement rows(reader_->db.handle(), sql);
        rows.bind(1, id);
        while (rows.step()) out.emplace_back(rows.text(0));
        return out;
    }

private:
    std::shared_ptr<File> file_;
    std::unique_ptr<Reader> reader_;
};

ConceptFiles::ConceptFiles(std::filesystem::path folder) : folder_(std::move(folder)) {
    const std::lock_guard lock(mutex_);
    look_again();
}

ConceptFiles::~ConceptFiles() = default;

void ConceptFiles::look_again() const {
    looked_ = std::chrono::steady_clock::now();
    Files found;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, ignored)) {
        if (entry.path().extension() != ".db") continue;
        const auto changed = entry.last_write_time(ignored);
        std::shared_ptr<File> file;
        for (const auto& [url, known] : files_)
            if (known->system().file == entry.path() && known->changed() == changed) file = known;
        try {
            if (!file) file = std::make_shared<File>(entry.path(), changed);
        } catch (const std::runtime_error& error) {
            if (!std::filesystem::exists(entry.path(), ignored)) continue;  // it was just taken away
            throw std::runtime_error(entry.path().string() + ": " + error.what() +
                                     "; import the system again or take the file away");
        }
        found.insert_or_assign(file->system().url, file);
    }
    files_ = std::move(found);
}

std::shared_ptr<ConceptFiles::File> ConceptFiles::file_of(std::string_view system) const {
    const std::lock_guard lock(mutex_);
    if (std::chrono::steady_clock::now() - looked_ > look_again_after) look_again();
    const auto found = files_.find(system);
    return found == files_.end() ? nullptr : found->second;
}

std::vector<LoadedSystem> ConceptFiles::systems() const {
    const std::lock_guard lock(mutex_);
    look_again();
    std::vector<LoadedSystem> out;
    for (const auto& [url, file] : files_) out.push_back(file->system());
    return out;
}

std::optional<std::string> ConceptFiles::version_of(std::string_view system) const {
    const auto file = file_of(system);
    return file ? std::optional(file->system().version) : std::nullopt;
}

std::optional<fhir::StoredConcept> ConceptFiles::find(std::string_view system, std::string_view code) const {
    const Borrowed reader(file_of(system));
    const auto id = reader ? reader->id_of(code) : 0;
    if (id == 0) return std::nullopt;
    const Use use(reader->find_concept);
    reader->find_concept.bind(1, id);
    if (!reader->find_concept.step()) return std::nullopt;
    return read_concept(reader->find_concept);
}

std::optional<bool> ConceptFiles::subsumes(std::string_view system, std::string_view ancestor,
                                           std::string_view code) const {
    const Borrowed reader(file_of(system));
    if (!reader || !reader.file().has_hierarchy()) return std::nullopt;
    const auto above = reader->id_of(ancestor);
    const auto below = reader->id_of(code);
    if (above == 0 || below == 0) return false;
    const Use use(reader->is_above);
    reader->is_above.bind(1, below).bind(2, above);
    return reader->is_above.step();
}

std::optional<bool> ConceptFiles::has_property(std::string_view system, std::string_view code,
                                               std::string_view property, std::string_view value) const {
    const Borrowed reader(file_of(system));
    if (!reader) return std::nullopt;
    const auto id = reader->id_of(code);
    const Use use(reader->property_id);
    reader->property_id.bind(1, property);
    if (!reader->property_id.step()) return std::nullopt;
    const Use also(reader->property_value);
    reader->property_value.bind(1, reader->property_id.integer(0)).bind(2, value).bind(3, id);
    return reader->property_value.step();
}

std::vector<fhir::ConceptProperty> ConceptFiles::properties(std::string_view system, std::string_view code) const {
    std::vector<fhir::ConceptProperty> out;
    const Borrowed reader(file_of(system));
    const auto id = reader ? reader->id_of(code) : 0;
    if (id == 0) return out;
    Statement rows(reader->db.handle(),
                   "SELECT n.name, p.value, n.is_code, coalesce(c.display, '') FROM property p JOIN property_name n ON "
                   "n.id = p.name LEFT JOIN concept c ON n.is_code AND c.code = p.value WHERE p.concept = ?1 ORDER BY "
                   "p.rowid");
    rows.bind(1, id);
    while (rows.step())
        out.push_back({std::string(rows.text(0)), std::string(rows.text(1)), rows.integer(2) != 0 ? "code" : "string",
                       std::string(rows.text(3))});
    return out;
}

std::vector<fhir::ConceptDesignation> ConceptFiles::designations(std::string_view system, std::string_view code) const {
    std::vector<fhir::ConceptDesignation> out;
    const Borrowed reader(file_of(system));
    const auto id = reader ? reader->id_of(code) : 0;
    if (id == 0) return out;
    Statement rows(reader->db.handle(),
                   "SELECT language, use, value FROM designation WHERE concept = ?1 ORDER BY rowid");
    rows.bind(1, id);
    while (rows.step())
        out.push_back({std::string(rows.text(0)), std::string(rows.text(1)), std::string(rows.text(2))});
    return out;
}

std::vector<std::string> ConceptFiles::parents(std::string_view system, std::string_view code) const {
    return Borrowed(file_of(system))
        .texts(code, "SELECT c.code FROM edge e JOIN concept c ON c.id = e.parent WHERE e.child = ?1 ORDER BY c.id");
}

std::vector<std::string> ConceptFiles::children(std::string_view system, std::string_view code) const {
    return Borrowed(file_of(system))
        .texts(code, "SELECT c.code FROM edge e JOIN concept c ON c.id = e.child WHERE e.parent = ?1 ORDER BY c.id");
}

void ConceptFiles::search(std::string_view system, const fhir::ConceptQuery& query,
                          const std::function<bool(const fhir::StoredConcept&)>& each) const {
    const Borrowed reader(file_of(system));
    if (!reader) return;
    std::string sql;
    const std::string match = match_of(query.filter);
    std::int64_t root = 0;
    std::int64_t property = 0;
    if (!query.ancestor.empty()) {
        root = reader->id_of(query.ancestor);
        if (root == 0) return;
        sql =
            "WITH RECURSIVE down(id) AS (SELECT ?2 UNION SELECT e.child FROM down JOIN edge e ON e.parent = down.id) ";
    }
    if (!query.property.empty()) {
        const Use use(reader->property_id);
        reader->property_id.bind(1, query.property);
        if (!reader->property_id.step()) return;
        property = reader->property_id.integer(0);
    }
    sql += concept_columns;
    sql += " FROM concept c WHERE 1";
    if (!match.empty()) sql += " AND c.id IN (SELECT rowid FROM words WHERE words MATCH ?1)";
    if (root != 0) sql += " AND c.id IN (SELECT id FROM down)";
    if (root != 0 && !query.ancestor_itself) sql += " AND c.id <> ?2";
    if (property != 0) sql += " AND c.id IN (SELECT concept FROM property WHERE name = ?3 AND value = ?4)";
    sql += " ORDER BY c.id";
    Statement rows(reader->db.handle(), sql);
    if (!match.empty()) rows.bind(1, match);
    if (root != 0) rows.bind(2, root);
    if (property != 0) rows.bind(3, property).bind(4, query.value);
    while (rows.step())
        if (!each(read_concept(rows))) return;
}

}  // namespace causeway::terminology
