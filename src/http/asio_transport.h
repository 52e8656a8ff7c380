// The transports of the server, on Boost.Asio. Included by .cpp files of this folder only.
#pragma once

#include <memory>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "http/transport.h"

namespace fermata::http {

// context: nullptr for plain TCP; must outlive the transport. The listener must live until close().
std::shared_ptr<Transport> make_transport(boost::asio::ip::tcp::socket socket,
                                          boost::asio::ssl::context* context,
                                          TransportListener& listener);

}  // namespace fermata::http
