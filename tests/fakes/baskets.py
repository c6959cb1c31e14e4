"""A small shop with baskets, for tests that need a preset of their own: its tables, and the sections for them."""

LINES = """
[lines]
table = "basket_items"
cart = "basket_id"
id = "id"
product = "product_id"
quantity = "quantity"
created = "created_at"
"""
PEOPLE_AND_PRODUCTS = """
[customers]
table = "people"
id = "id"
email = "email"
[products]
table = "products"
id = "id"
name = "name"
price = "price"
"""
TABLES = (
    (
        "CREATE TABLE baskets (id INT AUTO_INCREMENT PRIMARY KEY, shop_id INT, customer_id INT, "
        "created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, KEY (customer_id))"
    ),
    (
        "CREATE TABLE basket_items (id INT AUTO_INCREMENT PRIMARY KEY, basket_id INT, product_id INT, quantity INT, "
        "created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, KEY (basket_id), KEY (created_at))"
    ),
    "CREATE TABLE people (id INT PRIMARY KEY, email VARCHAR(80), KEY (email))",
    "CREATE TABLE products (id INT PRIMARY KEY, name VARCHAR(80), price DECIMAL(10,2))",
    "INSERT INTO products VALUES (1, 'Tea pot', 30)",
    "INSERT INTO people VALUES (1, 'one@example.com'), (2, 'two@example.com'), (3, 'three@example.com')",
)
