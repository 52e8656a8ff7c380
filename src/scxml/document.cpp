#include "scxml/document.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/check.h"
#include "scxml/rule_ids.h"
#include "scxml/url.h"
#include "scxml/validate.h"
#include "scxml/xinclude.h"

namespace fermata::scxml {

namespace {

using value::XmlNode;

// SHA-256 over a list of named texts. Lengths are part of it, so that no two lists look alike.
class Digest {
  public:
    Digest() : context_(EVP_MD_CTX_new()) {
        FERMATA_CHECK(context_ != nullptr);
        FERMATA_CHECK(EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) == 1);
    }
    Digest(const Digest&) = delete;
    Digest& operator=(const Digest&) = delete;
    ~Digest() { EVP_MD_CTX_free(context_); }

    void add(std::string_view url, const Result<std::string>& bytes) {
        if (bytes) {
            update(fmt::format("{}\n{}\n", url, bytes->size()));
            update(*bytes);
        } else {
            update(fmt::format("{}\nabsent\n", url));
        }
    }

    std::string hex() {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned int length = 0;
        FERMATA_CHECK(EVP_DigestFinal_ex(context_, digest, &length) == 1);
        std::string text;
        for (unsigned int at = 0; at < length; ++at) {
            text += fmt::format("{:02x}", digest[at]);
        }
        return text;
    }

  private:
    void update(std::string_view text) {
        FERMATA_CHECK(EVP_DigestUpdate(context_, text.data(), text.size()) == 1);
    }

    EVP_MD_CTX* context_;
};

bool is_scxml(const XmlNode& node, std::string_view name) {
    return node.is_element(kScxmlNamespace, name);
}

// Elements whose src is text that belongs to the document. The src of <invoke> is another session's
// document.
bool has_resource(const XmlNode& node) {
    return (is_scxml(node, "script") || is_scxml(node, "data") || is_scxml(node, "assign")) &&
           node.find_attribute("src") != nullptr;
}

class DocumentReader {
  public:
    DocumentReader(const DocumentText& text, const ResourceSet& resources,
                   const LoadOptions& options)
        : text_(text), resources_(resources), options_(options) {}

    ReadOutcome read() {
        value::XmlOptions xml_options;
        xml_options.limits = options_.limits;
        auto parsed = value::parse_xml(text_.bytes, text_.url, xml_options);
        if (!parsed) {
            const std::vector<std::string> sources{text_.url};
            FindingWriter(sources, outcome_.findings)
                .error(parsed.error().place, rule::kMalformedXml, parsed.error().message);
            return std::move(outcome_);
        }
        if (refuse_by_dialect(parsed->root())) {
            return std::move(outcome_);
        }
        Expanded expanded = expand_includes(std::move(*parsed), resources_, options_.limits);
        outcome_.findings = std::move(expanded.findings);
        outcome_.missing = std::move(expanded.missing);
        document_->xml = std::move(expanded.xml);
        used_.insert(expanded.used.begin(), expanded.used.end());
        if (!has_errors(outcome_.findings)) {
            collect_resources(0);
        }
        if (outcome_.missing.empty() && !has_errors(outcome_.findings)) {
            validate(document_->xml, options_, outcome_.findings);
        }
        if (outcome_.missing.empty() && !has_errors(outcome_.findings)) {
            document_->hash = hash();
            outcome_.document = std::move(document_);
        }
        if (has_errors(outcome_.findings)) {
            outcome_.missing.clear();
        }
        sort_findings(outcome_.findings);
        return std::move(outcome_);
    }

  private:
    bool refuse_by_dialect(const XmlNode& root) {
        outcome_.findings = refuse_dialect(dialect_of(root));
        for (Finding& finding : outcome_.findings) {
            finding.url = text_.url;
            finding.line = root.place.line;
            finding.column = root.place.column;
        }
        return has_errors(outcome_.findings);
    }

    // Recursion is bounded by max-xml-depth.
    void collect_resources(value::XmlIndex index) {
        const XmlNode& node = document_->xml.at(index);
        if (has_resource(node)) {
            collect(node);
        }
        if (!holds_payload(node)) {
            for (const value::XmlIndex child : node.children) {
                collect_resources(child);
            }
        }
    }

    void collect(const XmlNode& node) {
        std::string url = resource_url(document_->xml, node);
        const Result<std::string>* bytes = resources_.find(url);
        if (bytes == nullptr) {
            auto& missing = outcome_.missing;
            if (std::find(missing.begin(), missing.end(), url) == missing.end()) {
                missing.push_back(std::move(url));
            }
            return;
        }
        used_.insert(url);
        FindingWriter writer(document_->xml.sources, outcome_.findings);
        if (used_.size() > options_.limits.includes_max) {
            writer.error(node.place, rule::kIncludeLimit,
                         fmt::format("the document uses more than max-includes ({}) resources",
                                     options_.limits.includes_max));
            return;
        }
        Result<std::string> decoded = decode(url, *bytes);
        if (!decoded) {
            report_unavailable(writer, node, decoded.error());
        }
        document_->resources.insert_or_assign(std::move(url), std::move(decoded));
    }

    // SCXML 5.8: a script that cannot be had refuses the document. Data that cannot be had is an
    // error.execution when the session needs it (SCXML 5.3), so here it only gets a word.
    static void report_unavailable(FindingWriter& writer, const XmlNode& node, const Error& error) {
        const std::string& src = *node.find_attribute("src");
        if (node.name == "script") {
            writer.error(node.place, rule::kScriptUnavailable,
                         fmt::format("script {} cannot be had: {}", src, error.message()),
                         "correct src; a document whose scripts are not all there does not start");
            return;
        }
        writer.warning(node.place, rule::kDataUnavailable,
                       fmt::format("{} cannot be had: {}", src, error.message()),
                       "the session will get error.execution here");
    }

    Result<std::string> decode(const std::string& url, const Result<std::string>& bytes) const {
        if (!bytes) {
            return bytes.error();
        }
        if (bytes->size() > options_.limits.bytes_max) {
            return Error(ErrorCode::kTooLarge,
                         fmt::format("{} is larger than max-document-size ({} bytes)", url,
                                     options_.limits.bytes_max));
        }
        return value::decode_text(*bytes);
    }

    // In the order of URLs, so that the order of elements in the document (which its text fixes)
    // needs no say.
    std::string hash() const {
        Digest digest;
        digest.add(text_.url, text_.bytes);
        for (const std::string& url : used_) {
            digest.add(url, *resources_.find(url));
        }
        return digest.hex();
    }

    const DocumentText& text_;
    const ResourceSet& resources_;
    const LoadOptions& options_;
    std::unique_ptr<Document> document_ = std::make_unique<Document>();
    std::set<std::string> used_;
    ReadOutcome outcome_;
};

}  // namespace

std::string resource_url(const value::XmlDocument& xml, const value::XmlNode& element) {
    const std::string* src = element.find_attribute("src");
    FERMATA_CHECK(src != nullptr);
    return resolve_url(xml.sources[element.place.source], *src);
}

bool holds_payload(const value::XmlNode& element) {
    return is_scxml(element, "content") || is_scxml(element, "data") || is_scxml(element, "assign");
}

ReadOutcome read_document(const DocumentText& text, const ResourceSet& resources,
                          const LoadOptions& options) {
    return DocumentReader(text, resources, options).read();
}

}  // namespace fermata::scxml
