"""A WooCommerce 10 shop on a live server: its tables, its fixed data, and its writes as it makes them.

What is written, in which order and by which statements follows WordPress 6.9 and WooCommerce 10:
``WC_Session_Handler``, ``WC_Cart_Session``, ``WC_Customer_Data_Store_Session``, ``OrdersTableDataStore`` and
``WC_Order_Data_Store_CPT``, ``WC_Checkout`` and the Store API's ``Checkout``. It opens no transactions.
"""

from fakes.woocommerce.installation import Installation


class WooCommerce(Installation):
    """Writes to a shop as WooCommerce does; ``minutes_ago`` dates what is written."""
