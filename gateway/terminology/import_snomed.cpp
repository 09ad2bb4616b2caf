#include <stdexcept>
#include <unordered_map>

#include "gateway/terminology/importers.hpp"

namespace causeway::terminology {

namespace {

constexpr std::string_view is_a = "116680003";
constexpr std::string_view fully_specified = "900000000000003001";
constexpr std::string_view defined = "900000000000073002";
constexpr std::string_view preferred = "900000000000548007";
constexpr std::string_view us_english = "900000000000509007";
constexpr std::string_view international_module = "900000000000207008";

enum class Kind : unsigned char { concepts, descriptions, relationships, language, simple };

struct File {
    Kind kind;
    std::filesystem::path path;
};

/// Told by the header, which RF2 fixes.
Kind kind_of(const std::filesystem::path& path) {
    RecordReader rows(path, Format::tab);
    if (!rows.next()) throw std::runtime_error(path.string() + ": is empty");
    if (rows.column("definitionStatusId")) return Kind::concepts;
    if (rows.column("conceptId") && rows.column("term")) return Kind::descriptions;
    if (rows.column("sourceId") && rows.column("destinationId")) return Kind::relationships;
    if (rows.column("acceptabilityId")) return Kind::language;
    if (rows.column("refsetId") && rows.size() == 6) return Kind::simple;
    throw std::runtime_error(path.string() + ": not an RF2 file that is known");
}

class SnomedImport {
public:
    explicit SnomedImport(ImportJob& job) : job_(job) {}

    void run() {
        std::vector<File> files;
        for (const auto& path : job_.files) files.push_back({kind_of(path), path});
        const auto each = [&](Kind kind, void (SnomedImport::*read)(RecordReader&)) {
            for (const File& file : files) {
                if (file.kind != kind) continue;
                RecordReader rows(file.path, Format::tab);
                rows.next();  // the header
                (this->*read)(rows);
            }
        };
        each(Kind::concepts, &SnomedImport::concepts);
        if (job_.out.concepts() == 0) return;
        each(Kind::language, &SnomedImport::language);
        each(Kind::descriptions, &SnomedImport::descriptions);
        each(Kind::relationships, &SnomedImport::relationships);
        each(Kind::simple, &SnomedImport::members);
        if (preferred_.empty())
            job_.report.notes.emplace_back("no language reference set: displays are the fully specified names");
        if (job_.report.version.empty())
            job_.report.version = "http://snomed.info/sct/" + std::string(international_module) + "/version/" + latest_;
    }

private:
    // id effectiveTime active moduleId definitionStatusId
    void concepts(RecordReader& rows) {
        while (rows.next()) {
            if (rows.size() < 5) throw std::runtime_error(rows.place() + ": five columns are wanted");
            if (rows[1] > latest_) latest_ = rows[1];
            const auto id = job_.out.add({.code = rows[0], .display = {}, .inactive = rows[2] != "1"});
            if (id == 0) throw std::runtime_error(rows.place() + ": the concept stands twice; a snapshot is wanted");
            job_.property(id, "moduleId", rows[3], true);
            job_.property(id, "sufficientlyDefined", rows[4] == defined ? "true" : "false");
        }
    }

    // id effectiveTime active moduleId refsetId referencedComponentId acceptabilityId
    void language(RecordReader& rows) {
        const std::string_view wanted =
            job_.options.language_refset.empty() ? us_english : std::string_view(job_.options.language_refset);
        while (rows.next())
            if (rows[2] == "1" && rows[4] == wanted && rows[6] == preferred) preferred_.emplace(rows[5], true);
    }

    // id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId
    void descriptions(RecordReader& rows) {
        while (rows.next()) {
            if (rows[2] != "1") continue;
            const auto id = job_.out.find(rows[4]);
            if (id == 0) continue;
            const bool full = rows[6] == fully_specified;
            const bool is_preferred = !full && preferred_.find(std::string(rows[0])) != preferred_.end();
            job_.name(id, rows[5], full ? "Fully specified name" : "Synonym", rows[7]);
            // the preferred term, or until it comes the full name
            if (is_preferred || (full && displayed_.emplace(id, false).second)) job_.out.set_display(id, rows[7]);
            if (is_preferred) displayed_[id] = true;
        }
    }

    // id effectiveTime active moduleId sourceId destinationId relationshipGroup typeId characteristicTypeId modifierId
    void relationships(RecordReader& rows) {
        while (rows.next()) {
            if (rows[2] != "1") continue;
            const auto source = job_.out.find(rows[4]);
            if (source == 0) continue;
            if (rows[7] == is_a)
                job_.parent(source, job_.out.find(rows[5]));
            else
                job_.property(source, rows[7], rows[5], true);
        }
    }

    // id effectiveTime active moduleId refsetId referencedComponentId
    void members(RecordReader& rows) {
        while (rows.next()) {
            if (rows[2] != "1") continue;
            const auto id = job_.out.find(rows[5]);
            if (id != 0) job_.property(id, "memberOf", rows[4], true);
        }
    }

    ImportJob& job_;
    std::string latest_;
    std::unordered_map<std::string, bool> preferred_;   ///< descriptions
    std::unordered_map<std::int64_t, bool> displayed_;  ///< by concept: true when by a preferred term
};

}  // namespace

void import_snomed(ImportJob& job) { SnomedImport(job).run(); }

}  // namespace causeway::terminology
