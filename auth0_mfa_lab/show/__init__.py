"""What one sees: exchanges and the journal as text and HTML, QR pictures, panels."""
