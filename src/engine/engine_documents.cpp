// ShardedEngine, part three: uploaded documents. They belong to no partition: every instance
// answers.
#include <utility>

#include "engine/sharded_engine.h"

namespace fermata::engine {

void ShardedEngine::put_document(std::string name, std::string bytes,
                                 Answer<std::pair<DocumentView, scxml::Findings>> done) {
    if (const store::StoreHealth health = store_.health(); !health.ready) {
        done(store_is_away(health));
        return;
    }
    auto told = bounded<std::pair<DocumentView, scxml::Findings>>(std::move(done));
    if (!told) {
        return;
    }
    charts_.put_document(
        std::move(name), std::move(bytes),
        [done = std::move(told)](Result<PutDocumentAnswer> answer) {
            if (answer) {
                DocumentView view{
                    answer->name.name, answer->name.hash, answer->name.changed_ms, {}};
                done(std::pair(std::move(view), std::move(answer->findings)));
            } else {
                done(answer.error());
            }
        });
}

void ShardedEngine::get_document(std::string name, Answer<DocumentView> done) {
    auto told = bounded<DocumentView>(std::move(done));
    if (!told) {
        return;
    }
    charts_.find_document(name, [done = std::move(told)](Result<NamedDocument> document) {
        if (document) {
            const store::DocumentName& found = document->name;
            done(
                DocumentView{found.name, found.hash, found.changed_ms, std::move(document->bytes)});
        } else {
            done(document.error());
        }
    });
}

void ShardedEngine::list_documents(Answer<std::vector<DocumentView>> done) {
    auto told = bounded<std::vector<DocumentView>>(std::move(done));
    if (!told) {
        return;
    }
    store_.list_document_names(
        [done = std::move(told)](Result<std::vector<store::DocumentName>> names) {
            if (!names) {
                done(names.error());
                return;
            }
            std::vector<DocumentView> views;
            views.reserve(names->size());
            for (store::DocumentName& name : *names) {
                views.push_back({std::move(name.name), std::move(name.hash), name.changed_ms, {}});
            }
            done(std::move(views));
        });
}

}  // namespace fermata::engine
